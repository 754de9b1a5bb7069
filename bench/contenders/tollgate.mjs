// The gateway: with everything on, as a plain router, and in the sizes that some loads ask for.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { CALLER_KEY, MASTER_KEY } from '../loads.mjs'
import { answers, freePort, fromBench } from '../stage/stage.mjs'
import { manyKeys } from './keys.mjs'

const OWN_PROGRAM = fromBench('../bin/tollgate.js')
const MONEY = { max_budget: 1_000_000, rpm_limit: 1_000_000_000, tpm_limit: 1_000_000_000_000 }

/**
 * Starts one, and makes its caller: a key with a budget and limits, of a user and a team with theirs.
 *
 * @param options `plain`: no keys, no store, no lines, no traces; `deployments` of the pool that is called; `keys` in the
 * store; `workers`: processes; `program`: another build's `bin/tollgate.js`; `flags` for its Node
 */
export async function startTollgate(stage, upstream, options = {}) {
  const { name = 'tollgate', program = OWN_PROGRAM, plain = false, keys = 1, workers = 1, flags } = options
  const folder = stage.folder()
  mkdirSync(folder, { recursive: true })
  const port = await freePort()
  const config = join(folder, 'config.json')
  writeFileSync(config, JSON.stringify(settings(options)))
  const args = ['serve', '--config', config, '--host', '127.0.0.1', '--port', `${port}`, '--workers', `${workers}`]
  const env = environment(`http://127.0.0.1:${upstream.port}`, folder)
  const started = stage.node(program, { name, args, flags, env, core: 'contender' })
  const address = `http://127.0.0.1:${port}`
  await answers(started, `${address}/health/liveliness`)
  if (!plain) await makeCaller(address)
  if (keys > 1) manyKeys(env.BENCH_STORE, keys)
  const headers = plain ? {} : { authorization: `Bearer ${CALLER_KEY}` }
  return { name, process: started, port, folder, args, env, job: () => ({ headers, keys }) }
}

/** `config.yaml`, less what a plain router does not have. */
export function settings({ plain, deployments }) {
  const whole = parse(readFileSync(fromBench('config.yaml'), 'utf8'))
  if (deployments !== undefined) whole.model_list = poolOf(deployments, whole.model_list)
  if (!plain) return whole
  const { model_list, router_settings } = whole
  return { model_list, router_settings, tollgate_settings: { store: 'none', log: 'none' } }
}

/** The pool that is called in another size; the deployments differ in their keys, as accounts of one provider do. */
function poolOf(count, list) {
  const [first] = list.filter(({ model_name }) => model_name === 'bench')
  const others = list.filter(({ model_name }) => model_name !== 'bench')
  const one = number => ({
    ...first,
    litellm_params: { ...first.litellm_params, api_key: `sk-upstream-of-the-bench-${number}` },
  })
  return [...Array.from({ length: count }, (_, number) => one(number)), ...others]
}

function environment(upstream, folder) {
  return {
    BENCH_OPENAI: `${upstream}/v1`,
    BENCH_ANTHROPIC: upstream,
    BENCH_FAILING: `${upstream}/failing/v1`,
    BENCH_SLOW: `${upstream}/slow/v1`,
    BENCH_TRACES: `${upstream}/v1/traces`,
    BENCH_MASTER_KEY: MASTER_KEY,
    BENCH_JSONL: join(folder, 'calls.jsonl'),
    BENCH_STORE: join(folder, 'tollgate.db'),
    BENCH_JOURNAL: join(folder, 'journal'),
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.1',
    // Spans leave soon after the calls that they are of, so that their cost is counted with them.
    OTEL_BSP_SCHEDULE_DELAY: '100',
    NODE_ENV: 'production',
  }
}

async function makeCaller(address) {
  await manage(address, '/team/new', { team_id: 'bench-team', ...MONEY })
  await manage(address, '/user/new', { user_id: 'bench-user', auto_create_key: false, max_budget: 1_000_000 })
  await manage(address, '/key/generate', { key: CALLER_KEY, team_id: 'bench-team', user_id: 'bench-user', ...MONEY })
}

async function manage(address, path, body) {
  const headers = { authorization: `Bearer ${MASTER_KEY}`, 'content-type': 'application/json' }
  const response = await fetch(`${address}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  const text = await response.text()
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text.slice(0, 300)}`)
}
