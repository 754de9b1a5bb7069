// What a call costs without HTTP: `router.completion` over an upstream that has answered already, choosing among many
// deployments, and deciding for a pool by rules. Microseconds of CPU of this process.
import { openai } from './answers.mjs'
import { parts as bundle } from './money/bundle.mjs'
import { spread } from './statistics.mjs'

const STRATEGIES = [
  'simple-shuffle',
  'least-busy',
  'latency-based-routing',
  'cost-based-routing',
  'usage-based-routing',
  'usage-based-routing-v2',
]
const FEW = 2
const MANY = 1_000
/** One that the rules decide for `code`. */
const PROMPT = 'Write a Python function that reverses a linked list, with unit tests:\n```python\nclass Node: ...\n```'

const PLANS = {
  full: { warmMs: 1_500, rounds: 11, roundMs: 150 },
  brief: { warmMs: 300, rounds: 3, roundMs: 50 },
}

/** @returns spreads: `completion`, `auto` (beyond the pool itself), `strategies` (1,000 beyond 2) by name. */
export async function inProcess({ brief = false } = {}) {
  const parts = await bundle()
  const plan = brief ? PLANS.brief : PLANS.full
  const strategies = {}
  for (const strategy of STRATEGIES) {
    const [few, many] = [FEW, MANY].map(count => routerOf(parts, { strategy, count }))
    strategies[strategy] = await beyond([few, many], { plan, model: 'bench' })
  }
  const router = routerOf(parts, { strategy: 'simple-shuffle', count: FEW })
  await decidesForCode(router)
  const [alone] = await compared([asking(router, 'bench')], plan)
  const [pool, auto] = await compared([asking(router, 'code'), asking(router, 'auto')], plan)
  await router.close()
  return { completion: spread(alone), auto: spread(auto.map((micros, round) => micros - pool[round])), strategies }
}

async function beyond(routers, { plan, model }) {
  const [less, more] = await compared(
    routers.map(router => asking(router, model)),
    plan,
  )
  for (const router of routers) await router.close()
  return spread(more.map((micros, round) => micros - less[round]))
}

/** µs per call of each, in rounds that take turns. */
async function compared(asks, { warmMs, rounds, roundMs }) {
  for (const ask of asks) await priced(ask, warmMs)
  const seen = asks.map(() => [])
  for (let round = 0; round < rounds; round++)
    for (const [index, ask] of asks.entries()) seen[index].push(await priced(ask, roundMs))
  return seen
}

async function priced(ask, durationMs) {
  const until = performance.now() + durationMs
  const before = process.cpuUsage()
  let calls = 0
  while (performance.now() < until) {
    for (let index = 0; index < 50; index++) await ask()
    calls += 50
    // As between two batches of sockets.
    await new Promise(resolve => setImmediate(resolve))
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / calls
}

function asking(router, model) {
  const request = { model, messages: [{ role: 'user', content: PROMPT }] }
  return () => router.completion(request)
}

function routerOf(parts, { strategy, count }) {
  const one = (name, number) => ({
    model_name: name,
    litellm_params: { model: 'openai/gpt-4o-mini', api_base: 'http://127.0.0.1:9/v1', api_key: `sk-nobody-${number}` },
  })
  const pools = ['math', 'code', 'creative', 'default']
  const settings = {
    model_list: [
      ...Array.from({ length: count }, (_, number) => one('bench', number)),
      ...pools.map(name => one(name, name)),
    ],
    router_settings: { routing_strategy: strategy },
    tollgate_settings: { routing: { auto: { auto: { pools: Object.fromEntries(pools.map(name => [name, name])) } } } },
  }
  const config = parts.loadConfig({ object: settings }, { env: {} })
  return new parts.Router(parts.assemble(config, { send: answering(parts) }))
}

/** An upstream that has answered already. */
function answering({ Answer, ObjectFrame }) {
  const source = { pause() {}, resume() {}, abort() {} }
  const body = [JSON.parse(openai.whole)]
  return async ({ deployment }) => {
    const answer = new Answer(deployment, false, source)
    answer.usage = { inputTokens: 60, outputTokens: 100, cacheReadTokens: 0 }
    answer.model = body[0].model
    answer.contentBytes = 270
    answer.push(new ObjectFrame(body, false), true)
    answer.complete()
    return answer
  }
}

/** So that it is measured what is said to be. */
async function decidesForCode(router) {
  const { pool, classification } = await router.explain({
    model: 'auto',
    messages: [{ role: 'user', content: PROMPT }],
  })
  if (pool !== 'code' || classification.by !== 'rules')
    throw new Error('the rules do not decide the prompt of the bench')
}
