// A router with all its money, in this process: a store in a temporary folder, keys in the cache, nobody dialled.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openai } from '../answers.mjs'
import { LOADS, MASTER_KEY } from '../loads.mjs'

const TEAMS = 50
const BATCH = 500

/** Two deployments of one price, a dearer one to fall back to, a bounded gateway; as `bench/config.yaml` routes. */
const yaml = (folder, { money, store }) => `
model_list:
  - model_name: bench
    litellm_params: { model: openai/gpt-4o-mini, api_base: http://127.0.0.1:9/v1, api_key: sk-nobody }
  - model_name: bench
    litellm_params: { model: openai/gpt-4o-mini-2024-07-18, api_base: http://127.0.0.1:9/v1, api_key: sk-nobody }
  - model_name: spare
    litellm_params: { model: openai/gpt-4o, api_base: http://127.0.0.1:9/v1, api_key: sk-nobody }
router_settings:
  routing_strategy: simple-shuffle
  num_retries: 2
  fallbacks: [{ bench: [spare] }]
general_settings:
  master_key: ${MASTER_KEY}
  user_api_key_cache_max_size: 200000
  apply_user_budget_to_team_keys: true
litellm_settings: { max_budget: 1000000000 }
tollgate_settings:
  store: ${money ? (store ?? join(folder, 'tollgate.db')) : 'none'}
  budgets: { journal: ${join(folder, 'journal')}, backlog_rows: 100000, backlog_mb: 256 }
`

/** @param options `money`: with or without; `keys`: how many there are; `store`: another one's address. */
export async function stage(parts, { money, keys = 100_000, store }) {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-money-'))
  const config = parts.loadConfig({ text: yaml(folder, { money, store }) }, { env: {} })
  const warnings = []
  const warn = message => warnings.length < 20 && warnings.push(message)
  const backing = money ? await parts.openBacking(config, { clock: parts.systemClock, warn, env: {} }) : undefined
  const { ledger, limiter, callers } = backing ?? {}
  const router = parts.createRouter(config.settings.routing, {
    send: answering(parts),
    ...(ledger && { books: { ledger, settings: config.settings.money }, limits: { limiter, always: [] } }),
  })
  const headers = money
    ? await cachedKeys(backing, keys)
    : Array.from({ length: keys }, () => ({ authorization: `Bearer ${MASTER_KEY}` }))
  const authenticate = parts.authentication({ masterKey: config.settings.gateway.masterKey, callers })
  return {
    headers,
    warnings,
    folder,
    backing,
    call: caller(parts, { authenticate, router, callers }),
    settle: async () => ledger?.flush(),
    async close() {
      await router.close()
      await backing?.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const BODY = Buffer.from(LOADS.small.body)
const ANSWER = Buffer.from(openai.whole)
const READER = { frame: () => true, end() {} }

/** The way of `src/gateway/complete.ts` without the server around it. */
function caller({ Pieces, readBytes, asCaller, withSubjects }, { authenticate, router, callers }) {
  return async headers => {
    const sender = authenticate(headers)
    const asked = asCaller(readBytes('chat', new Pieces([BODY]), headers), sender, router)
    const found = callers ? withSubjects(asked, { callers, caller: sender, headers }) : sender
    const known = found instanceof Promise ? await found : found
    const call = router.begin({ ...asked, options: { ...asked.options, caller: known } })
    const answer = await router.answer(call)
    answer.read(READER)
  }
}

/**
 * Waits for calls. A store on a machine that is busy elsewhere may not answer in time: how many were refused for that.
 * @throws what any other call failed with: then nothing was measured.
 */
export async function refusedOf(calls) {
  let refused = 0
  for (const { status, reason } of await Promise.allSettled(calls)) {
    if (status === 'fulfilled') continue
    if (reason?.kind !== 'unavailable') throw reason
    refused++
  }
  return refused
}

/** An upstream that has answered already. */
function answering({ Answer }) {
  const source = { pause() {}, resume() {}, abort() {} }
  return async ({ deployment }) => {
    const answer = new Answer(deployment, false, source)
    answer.usage = { inputTokens: 60, outputTokens: 100, cacheReadTokens: 0 }
    answer.model = 'gpt-4o-mini-2024-07-18'
    answer.contentBytes = 270
    answer.push({ bytes: ANSWER, objects: [] }, true)
    answer.complete()
    return answer
  }
}

/** Keys of teams and users with budgets and limits, each asked for once. */
async function cachedKeys({ store, callers }, count) {
  const dates = { created_at: 0, created_by: null, updated_at: 0, updated_by: null }
  const money = { max_budget: 1_000_000, rpm_limit: 1_000_000_000, tpm_limit: 1_000_000_000_000 }
  const data = JSON.stringify(money)
  for (let number = 0; number < TEAMS; number++) {
    const team = { id: `team-${number}`, alias: null, organization_id: null, blocked: 0, data, ...dates }
    await store.db.insertInto('teams').values(team).execute()
    const user = {
      id: `user-${number}`,
      email: null,
      alias: null,
      role: 'internal_user',
      data: '{"max_budget":1000000}',
    }
    await store.db
      .insertInto('users')
      .values({ ...user, ...dates })
      .execute()
  }
  const headers = []
  for (let start = 0; start < count; start += BATCH) {
    const rows = Array.from({ length: Math.min(BATCH, count - start) }, (_, index) => {
      const number = start + index
      const key = `sk-bench-${String(number).padStart(10, '0')}-aRq7WmZt4fYx`
      headers.push({ authorization: `Bearer ${key}` })
      const own = { id: callers.hash.idOf(key), name: 'sk-...tfYx', alias: `key ${number}`, data, blocked: 0 }
      const whose = { user_id: `user-${number % TEAMS}`, team_id: `team-${number % TEAMS}`, organization_id: null }
      return { ...own, ...whose, plan_id: null, expires_at: null, ...dates }
    })
    await store.db.insertInto('keys').values(rows).execute()
    await Promise.all(headers.slice(start).map(({ authorization }) => callers.find(authorization.slice(7))))
  }
  return headers
}
