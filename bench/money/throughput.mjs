// How many ledger rows a store takes in a second, through the real poster, and what that costs the main thread.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { busiest, cpu, since, threads } from './threads.mjs'

const ROWS = 100_000
const BUDGETS = 5

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
    const replica = { id: 'bench', host: 'here', pid: process.pid, leaseMs: 600_000 }
    await authority.join(replica)
    const poster = new parts.Poster({
      authority,
      replica: replica.id,
      journal: undefined,
      contact: new parts.Contact(),
      gate: new parts.Gate(),
      clock: parts.systemClock,
      backlog: { rows: 2 * ROWS, bytes: 1 << 30 },
      onCrossing() {},
      onTrouble: error => error && console.error(error),
    })
    await post(poster, 'warm', ROWS / 10)
    const begun = performance.now()
    const before = { cpu: cpu(), threads: threads() }
    await post(poster, 'row', ROWS)
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

async function post(poster, name, count) {
  for (let number = 0; number < count; number++) poster.add(posting(`${name}-${number}`, number))
  await poster.flush()
}

function posting(id, number) {
  const terms = Array.from({ length: BUDGETS }, (_, level) => {
    const subject = `${level === 0 ? number % 200 : level}`
    return { id: `team|${level}-${subject}`, level: 'team', subject, period: 'total', limit: undefined }
  })
  const counted = terms.map(one => ({ terms: one, windowStart: undefined }))
  return { id, text: ROW(id), shared: [], charge: 69_000n, purses: [], counted, entry: undefined }
}

const ROW = id =>
  `{"id":"${id}","call_id":"${id}","number":1,"purpose":"answer","replica":"bench","operation":"chat","streamed":0,` +
  '"started_at":1768478400000,"held":"2543250","pool":"bench","requested_pool":"bench",' +
  '"deployment_id":"98405eb58ff525a0a8d8d849d4acc9fe6fb5744ea7a9c794de24229105d199c0","provider":"openai",' +
  '"model":"gpt-4o-mini","api_base":"https://api.openai.com/v1","unpriced":0,' +
  '"price_source":"genai-prices@0.1.8/openai/gpt-4o-mini","rates":"{\\"input\\":\\"150000000\\",\\"output\\":\\"600000000\\"}",' +
  '"key_id":"c11c73d0da39626c974d5f15ecc2bf784958bd1dd62539fe144aa8abfef101e9","user_id":"user-0","team_id":"team-0",' +
  '"outcome":"complete","charge":"69000","overrun":"0","estimated":0,"cost":"69000","ended_at":1768478401250,' +
  '"first_ms":312,"upstream_model":"gpt-4o-mini-2024-07-18","input_tokens":60,"output_tokens":100,"cache_read_tokens":0}'
