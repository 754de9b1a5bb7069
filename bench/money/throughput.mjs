// How many ledger rows a store takes in a second, in batches of 1,000, and what that costs its threads.
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { busiest, cpu, since, threads } from './threads.mjs'

const ROWS = 100_000
const BATCH = 1_000
const REPLICA = '01KFJ0000000000000000000AA'

/** Prints what both stores take. PostgreSQL is started for it, without fsync. */
export async function throughputs(parts) {
  print('SQLite', await throughput(parts))
  const postgres = await parts.startPostgres()
  try {
    const url = await postgres.database()
    const timeouts = { connectTimeoutMs: 5_000, statementTimeoutMs: 20_000 }
    print(
      'PostgreSQL',
      await throughput(parts, { kind: 'postgres', url: { reveal: () => url }, poolSize: 10, ...timeouts }),
    )
  } finally {
    await postgres.stop()
  }
}

function print(name, { perSecond, mainMicros, storeMicros }) {
  const own = name === 'SQLite' ? `, its thread ${storeMicros.toFixed(1)} µs` : ''
  console.log(`${name}: ${perSecond.toFixed(0)} rows/s; CPU per row: main thread ${mainMicros.toFixed(1)} µs${own}`)
}

/** Rows per second, and µs of CPU of the main thread per row. @param settings of the store; default: SQLite in a file. */
export async function throughput(parts, settings) {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-rows-'))
  const store = await parts.openStore(settings ?? { kind: 'sqlite', path: join(folder, 'rows.db') })
  try {
    const { authority } = store
    const replica = { id: REPLICA, host: 'here', pid: process.pid, leaseMs: 600_000 }
    await authority.join(replica)
    await post(authority, batches('warm', ROWS / 10))
    const rows = batches('row', ROWS)
    const begun = performance.now()
    const before = { cpu: cpu(), threads: threads() }
    await post(authority, rows)
    const seconds = (performance.now() - begun) / 1000
    const { count } = await store.db
      .selectFrom('ledger')
      .select(db => db.fn.countAll().as('count'))
      .executeTakeFirstOrThrow()
    if (Number(count) !== ROWS + ROWS / 10) throw new Error(`${count} rows are there`)
    const { main } = since(before.cpu)
    return { perSecond: ROWS / seconds, mainMicros: main / ROWS, storeMicros: busiest(before.threads) / ROWS }
  } finally {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function batches(name, count) {
  return Array.from({ length: count / BATCH }, (_, batch) =>
    Array.from({ length: BATCH }, (_, at) => rowOf(name, batch * BATCH + at)),
  )
}

async function post(authority, batches) {
  for (const rows of batches) await authority.post(REPLICA, { rows, returns: [] })
}

/** As the replica makes them: rows of one caller have their budgets, and what they say of it, in common. */
function rowOf(name, number) {
  // Ids sort by time, as those of calls do.
  const call = `${name}-${String(number).padStart(20, '0')}`
  const { budgets, members } = CALLERS[(number * 7919) % CALLERS.length]
  const shared = [DEPLOYMENTS[number % DEPLOYMENTS.length], members]
  return { id: `${call}-1`, text: textOf(call, number), shared, charge: 69_000n, budgets }
}

const CALLERS = Array.from({ length: 200 }, (_, number) => {
  const team = number % 50
  const terms = [`key|${number}`, `user|${team}`, `team|${team}`, 'organization|1', 'gateway|'].map(place => {
    const [level, subject] = place.split('|')
    return { id: place, level, subject, period: 'total', limit: undefined }
  })
  const key_id = createHash('sha256').update(String(number)).digest('hex')
  return {
    budgets: terms.map(one => ({ terms: one, windowStart: undefined })),
    members: JSON.stringify({ key_id, user_id: `user-${team}`, team_id: `team-${team}`, organization_id: 'one' }),
  }
})

const DEPLOYMENTS = ['gpt-4o-mini', 'gpt-4o-mini-2024-07-18'].map(model =>
  JSON.stringify({
    deployment_id: createHash('sha256').update(model).digest('hex'),
    provider: 'openai',
    model,
    api_base: 'https://api.openai.com/v1',
    unpriced: 0,
    price_source: `genai-prices@0.1.8/openai/${model}`,
    rates: '{"input":"150000000","output":"600000000","cacheRead":"75000000"}',
  }),
)

const textOf = (call, number) =>
  `{"id":"${call}-1","call_id":"${call}","number":1,"purpose":"answer","replica":"${REPLICA}"` +
  `,"operation":"chat","streamed":0,"started_at":${1_768_478_400_000 + number},"held":"2543250","pool":"bench"` +
  `,"requested_pool":"bench","outcome":"complete","charge":"69000","overrun":"0","estimated":0,"cost":"69000"` +
  `,"ended_at":${1_768_478_401_250 + number},"first_ms":312,"upstream_model":"gpt-4o-mini-2024-07-18"` +
  ',"input_tokens":60,"output_tokens":100,"cache_read_tokens":0,"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}'
