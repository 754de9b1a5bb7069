import { describe, expect, it } from 'vitest'
import { callTo, chat } from '../test/support/calls.ts'
import { recordOf } from '../test/support/ledger-row.ts'
import { deployment, routing } from '../test/support/settings.ts'
import { budgetOf, refusalOf } from '../test/support/till.ts'
import { wholeAnswer } from './core/answer.ts'
import { budgetId } from './core/budget.ts'
import type { Attempt } from './core/call.ts'
import { plainCaller } from './core/caller.ts'
import type { Deployment } from './core/deployment.ts'
import { Failure } from './core/failure.ts'
import { ObjectFrame } from './core/frame.ts'
import type { JsonObject } from './core/json.ts'
import type { MoneySettings } from './core/money-settings.ts'
import type { RateCard, ServiceTier } from './core/price.ts'
import { MemoryAuthority } from './ledger/memory-authority.ts'
import { Ledger } from './ledger/replica/ledger.ts'
import { createRouter } from './router.ts'
import { FakeClock } from './testing/fake-clock.ts'

const SETTINGS: MoneySettings = {
  budgets: [],
  unpriced: 'refuse',
  whenShort: 'refuse',
  whenAway: 'refuse',
  leaseMs: 10_000,
  journal: '',
  backlog: { rows: 100, bytes: 1 << 20 },
}
/** $1 per token of output, nothing for input. */
const price = (usd: bigint) => ({ rates: { input: 0n, output: usd * 10n ** 15n }, tiers: [], source: 'test' })
const at = (id: string, draft: Partial<Deployment> = {}) =>
  deployment({ id, pool: id, baseUrl: 'http://127.0.0.1', price: price(1n), ...draft })
const DOLLAR = 10n ** 9n

/** A router whose upstreams answer each with 2 tokens of output, unless the test says otherwise. */
async function scene(
  deployments: readonly Deployment[],
  { limit = 1_000n, pools = {}, money, fallbacks = {}, fails = [], serviceTier, webSearches }: SceneOptions = {},
) {
  const clock = new FakeClock()
  const authority = new MemoryAuthority({ clock, keepRows: true })
  const settings = { ...SETTINGS, ...money }
  const ledger = new Ledger({ authority, settings, clock, warn: () => {} })
  await ledger.start()
  const sent: Attempt[] = []
  const router = createRouter(routing({ deployments, fallbacks: { general: fallbacks }, retries: { count: 0 } }), {
    books: { ledger, settings },
    clock,
    async send(attempt) {
      sent.push(attempt)
      if (fails.includes(attempt.deployment.id)) throw new Failure('overloaded', 'too much')
      const usage = {
        inputTokens: 1,
        outputTokens: 2,
        ...(serviceTier && { serviceTier }),
        ...(webSearches !== undefined && { webSearches }),
      }
      return wholeAnswer(attempt.deployment, new ObjectFrame([{}], true), { usage })
    },
  })
  const key = budgetOf('k', limit * DOLLAR)
  const ofPools = Object.entries(pools).map(([pool, most]) =>
    budgetOf('k', most * DOLLAR, { pool, id: budgetId({ level: 'key', subject: 'k', pool }) }),
  )
  const caller = { ...plainCaller('k'), budgets: [key, ...ofPools] }
  let count = 0
  const ask = async (pool: string, body: JsonObject = {}) => {
    const call = callTo(pool, { id: `c${++count}`, request: chat(body), options: { caller } })
    const answer = await router.answer(call)
    answer.read({ frame: () => true, end() {} })
  }
  const rows = async () => {
    await clock.advanceAsync(50)
    await ledger.flush()
    return authority.rows().map(recordOf)
  }
  const spent = async ({ id } = key) => ((await authority.budgets([id]))[0]?.spent ?? 0n) / DOLLAR
  return { router, ask, rows, spent, ofPools, sent, clock, authority }
}

interface SceneOptions {
  readonly limit?: bigint
  /** What the key may spend at single pools, dollars. */
  readonly pools?: Readonly<Record<string, bigint>>
  readonly money?: Partial<MoneySettings>
  readonly fallbacks?: Readonly<Record<string, readonly { readonly pool: string }[]>>
  readonly fails?: readonly string[]
  /** By which the upstreams say that they answer. */
  readonly serviceTier?: ServiceTier | undefined
  /** That they have run. */
  readonly webSearches?: number
}

describe('service tiers', () => {
  /** $2 per token of output, $0.50 by flex, $3 by priority. */
  const prior: RateCard = {
    ...price(2n),
    services: {
      flex: { rates: { output: 5n * 10n ** 14n }, tiers: [] },
      priority: { rates: { input: 0n, output: 3n * 10n ** 15n }, tiers: [] },
    },
  }

  it.each<[string, JsonObject, ServiceTier | undefined, bigint, bigint]>([
    ['asked for', { service_tier: 'priority' }, 'priority', 30n, 6n],
    ['downgraded', { service_tier: 'priority' }, 'default', 30n, 4n],
    ['left to the project', {}, 'priority', 30n, 6n],
    ['left to the project in words', { service_tier: 'auto' }, 'default', 30n, 4n],
    ['shut out', { service_tier: 'default' }, 'default', 20n, 4n],
    ['cheaper', { service_tier: 'flex' }, 'flex', 20n, 1n],
    ['not told', { service_tier: 'priority' }, undefined, 30n, 6n],
  ])(
    '%s: the dearest that may answer is held, what has answered is charged',
    async (_, body, serviceTier, held, charge) => {
      const { ask, rows, spent } = await scene([at('a', { price: prior })], { serviceTier })
      await ask('a', { max_tokens: 10, ...body })
      const [row] = await rows()
      expect(BigInt(row?.held ?? 0) / DOLLAR).toBe(held)
      expect(row).toMatchObject({ overrun: '0', unpriced: 0 })
      expect(BigInt(row?.charge ?? 0) / DOLLAR).toBe(charge)
      expect(await spent()).toBe(charge)
      const tier = serviceTier ?? 'priority'
      expect(row?.price_source).toBe(tier === 'default' ? 'test' : `test, service tier ${tier}`)
      expect(JSON.parse(row?.rates ?? '')).toMatchObject({
        services: { flex: { rates: { output: '500000000000000' } } },
      })
    },
  )

  it('refuse a bounded caller who has not enough left for the dearest', async () => {
    const { ask, sent } = await scene([at('a', { price: prior })], { limit: 29n })
    for (const body of [{ service_tier: 'priority' }, { service_tier: 'auto' }, {}])
      expect(await refusalOf(ask('a', { max_tokens: 10, ...body }))).toMatchObject({ kind: 'over_budget' })
    expect(sent).toEqual([])
    await ask('a', { max_tokens: 10, service_tier: 'default' })
    expect(sent).toHaveLength(1)
  })

  it.each<[JsonObject, string]>([
    [{ service_tier: 'priority' }, 'service_tier'],
    [{ service_tier: 'fast' }, 'service_tier'],
    [{ service_tier: 'of tomorrow' }, 'service_tier'],
    [{ speed: 'fast' }, 'speed'],
  ])('without known rates are refused to a bounded caller: %j', async (body, param) => {
    const rates = { input: 1n, output: 10n ** 15n }
    const { ask, sent } = await scene([at('a', { price: { ...price(1n), rates } })])
    expect(await refusalOf(ask('a', body))).toMatchObject({ kind: 'unpriced', code: 'model_not_priced', param })
    expect(sent).toEqual([])
    await ask('a', { service_tier: 'flex', max_tokens: 4 })
    expect(sent).toHaveLength(1)
  })

  it('without known rates send a call to where they are known', async () => {
    const rates = { input: 1n, output: 10n ** 15n }
    const { ask, sent } = await scene([at('a', { price: { ...price(1n), rates } }), at('b', { price: prior })], {
      fallbacks: { a: [{ pool: 'b' }] },
    })
    await ask('a', { service_tier: 'priority', max_tokens: 4 })
    expect(sent.map(({ deployment: { id } }) => id)).toEqual(['b'])
  })

  it.each<[string, MoneySettings['unpriced']]>([
    ['let through', 'allow'],
    ['held at an amount', 1n],
  ])('without known rates cost the plain ones at least, when such calls are %s', async (_, unpriced) => {
    const rates = { input: 1n, output: 10n ** 15n }
    const draft = { price: { ...price(1n), rates } }
    const { ask, rows } = await scene([at('a', draft)], { money: { unpriced }, serviceTier: 'ultrafast' })
    await ask('a', { service_tier: 'ultrafast', max_tokens: 4 })
    const [row] = await rows()
    expect(row).toMatchObject({ unpriced: 1, price_source: 'test, no rates of service tier ultrafast', overrun: '0' })
    expect(BigInt(row?.cost ?? 0) / DOLLAR).toBe(2n)
    expect(BigInt(row?.held ?? 0) / DOLLAR).toBe(4n)
  })

  it('do not concern a deployment that leaves them out', async () => {
    const parameters = { dropUnsupported: false, drop: ['service_tier'], allow: [] }
    const rates = { input: 1n, output: 10n ** 15n }
    const { ask, sent } = await scene([at('a', { parameters, price: { ...price(1n), rates } })])
    await ask('a', { service_tier: 'priority', max_tokens: 4 })
    expect(sent).toHaveLength(1)
  })
})

describe('web searches', () => {
  const USD = 10n ** 15n
  /** $1 per token of output, $7 per search. */
  const searching: RateCard = { ...price(1n), rates: { input: 0n, output: USD, webSearch: 7n * USD } }
  const tool = (more: JsonObject = {}) => ({ tools: [{ type: 'web_search_20250305', name: 'web_search', ...more }] })

  it('are held as often as they may come, and charged as often as they came', async () => {
    const { ask, rows, spent } = await scene([at('a', { price: searching })], { webSearches: 2 })
    await ask('a', { max_tokens: 10, ...tool({ max_uses: 3 }) })
    const [row] = await rows()
    expect(row).toMatchObject({ held: String(31n * DOLLAR), charge: String(16n * DOLLAR), overrun: '0', unpriced: 0 })
    expect(JSON.parse(row?.rates ?? '')).toMatchObject({ webSearch: String(7n * USD) })
    expect(await spent()).toBe(16n)
  })

  it('are refused to a bounded caller who has not enough left for all that may come', async () => {
    const { ask, sent } = await scene([at('a', { price: searching })], { limit: 30n })
    expect(await refusalOf(ask('a', { max_tokens: 10, ...tool({ max_uses: 3 }) }))).toMatchObject({
      kind: 'over_budget',
    })
    expect(await refusalOf(ask('a', { max_tokens: 24, web_search_options: {} }))).toMatchObject({ kind: 'over_budget' })
    expect(sent).toEqual([])
    await ask('a', { max_tokens: 23, web_search_options: {} })
    expect(sent).toHaveLength(1)
  })

  it.each<MoneySettings['unpriced']>(['refuse', 'allow'])(
    'need a bound of a bounded caller, whatever may be unpriced: %s',
    async unpriced => {
      const { ask, sent } = await scene([at('a', { price: searching })], { money: { unpriced } })
      expect(await refusalOf(ask('a', tool()))).toMatchObject({
        kind: 'invalid_request',
        code: 'max_uses_required',
        param: 'tools',
        message: expect.stringContaining('set max_uses'),
      })
      expect(sent).toEqual([])
    },
  )

  it('need a known price, or the operator who lets them through', async () => {
    const draft = { price: { ...price(1n), rates: { input: 1n, output: USD } } }
    const refusing = await scene([at('a', draft)])
    for (const body of [tool(), tool({ max_uses: 1 }), { web_search_options: {} }])
      expect(await refusalOf(refusing.ask('a', body))).toMatchObject({ kind: 'unpriced', code: 'model_not_priced' })
    expect(refusing.sent).toEqual([])
    const { ask, rows } = await scene([at('a', draft)], { money: { unpriced: 'allow' }, webSearches: 1 })
    await ask('a', { max_tokens: 4, ...tool() })
    expect(await rows()).toMatchObject([
      { unpriced: 1, price_source: 'test, no rate of a web search', charge: String(2n * DOLLAR + 1n) },
    ])
  })

  it('are free where all is', async () => {
    const { ask, sent } = await scene([at('a', { price: { ...price(0n) } })])
    await ask('a', tool())
    expect(sent).toHaveLength(1)
  })
})

describe('a budget of one pool', () => {
  it('bears what is answered there, by whatever name the call comes to it', async () => {
    const dear = at('d1', { pool: 'dear', model: 'large' })
    const { ask, rows, spent, ofPools, sent } = await scene([at('cheap'), dear], {
      pools: { dear: 11n },
      fallbacks: { cheap: [{ pool: 'dear' }] },
      fails: ['cheap'],
    })
    for (const name of ['dear', 'd1', 'large']) await ask(name, { max_tokens: 4 })
    await ask('cheap', { max_tokens: 4 })
    await rows()
    expect(await spent(ofPools[0])).toBe(8n)
    for (const name of ['dear', 'd1', 'large'])
      expect(await refusalOf(ask(name, { max_tokens: 4 }))).toMatchObject({ kind: 'over_budget' })
    const before = sent.length
    expect(await refusalOf(ask('cheap', { max_tokens: 4 }))).toMatchObject({ kind: 'overloaded' })
    expect(sent.slice(before).map(({ deployment: { id } }) => id)).toEqual(['cheap'])
    await ask('large', { max_tokens: 3 })
    expect(await spent()).toBe(8n)
    await rows()
    expect(await spent()).toBe(10n)
  })
})

describe('the way of a call through the books', () => {
  it('holds the worst price of all it may reach, and charges what it cost', async () => {
    const { ask, rows, spent, sent } = await scene([at('a'), at('b', { price: price(5n) })], {
      fallbacks: { a: [{ pool: 'b' }] },
    })
    // 200 tokens would cost $1,000 at the fallback, 201 too much.
    expect(await refusalOf(ask('a', { max_tokens: 201 }))).toMatchObject({ kind: 'over_budget' })
    expect(sent).toEqual([])
    await ask('a', { max_tokens: 200 })
    expect(await rows()).toMatchObject([
      { purpose: 'answer', charge: String(2n * DOLLAR), held: String(200n * DOLLAR) },
    ])
    expect(await spent()).toBe(2n)
  })

  it('gives an answer without a limit one, where somebody is bounded and nowhere else', async () => {
    const limits = { maxOutputTokens: 30, supports: {} }
    const bounded = await scene([at('a', { limits })])
    await bounded.ask('a')
    expect(bounded.sent[0]?.request.body.max_completion_tokens).toBe(30)
    const capped = await scene([at('a', { limits })], { money: { outputCap: 7 } })
    await capped.ask('a')
    expect(capped.sent[0]?.request.body.max_completion_tokens).toBe(7)
    const free = await scene([at('a', { limits })])
    const call = callTo('a')
    await free.router.answer(call)
    expect(free.sent[0]?.request).toBe(call.request)
  })

  it('writes down every attempt, also one that failed', async () => {
    const { ask, rows, spent } = await scene([at('a'), at('b')], { fallbacks: { a: [{ pool: 'b' }] }, fails: ['a'] })
    await ask('a', { max_tokens: 10 })
    expect(await rows()).toMatchObject([
      { deployment_id: 'a', outcome: 'failed', failure: 'overloaded', charge: '0' },
      { deployment_id: 'b', outcome: 'complete', charge: String(2n * DOLLAR) },
    ])
    expect(await spent()).toBe(2n)
  })

  it('lets a model that costs nothing answer a bounded caller', async () => {
    const { ask, rows } = await scene([at('a', { price: price(0n) })], { limit: 1n })
    await ask('a')
    expect(await rows()).toMatchObject([{ charge: '0', unpriced: 0 }])
  })

  it('charges a mirrored call on a hold of its own', async () => {
    const { ask, rows, spent } = await scene([at('a', { silentPool: 'shadow' }), at('shadow', { price: price(3n) })])
    await ask('a', { max_tokens: 10 })
    const written = await rows()
    expect(
      written.map(({ purpose, charge, held }) => [purpose, BigInt(charge) / DOLLAR, BigInt(held) / DOLLAR]).sort(),
    ).toEqual([
      ['answer', 2n, 10n],
      ['mirror', 6n, 30n],
    ])
    expect(await spent()).toBe(8n)
  })

  it('sends the call and no mirror where the mirror is too dear', async () => {
    const { ask, rows } = await scene([at('a', { silentPool: 'shadow' }), at('shadow', { price: price(300n) })])
    await ask('a', { max_tokens: 10 })
    expect((await rows()).map(({ purpose }) => purpose)).toEqual(['answer'])
  })

  it('sends calls elsewhere than to a deployment whose own budget is spent', async () => {
    const place = budgetOf('a', 5n * DOLLAR, { level: 'deployment' })
    const { ask, rows } = await scene([at('a'), at('b')], {
      money: { budgets: [place] },
      fallbacks: { a: [{ pool: 'b' }] },
    })
    await ask('a', { max_tokens: 6 })
    expect((await rows()).map(({ deployment_id }) => deployment_id)).toEqual(['b'])
  })
})

describe('a name that nothing has', () => {
  it('is told so, also to those who are bounded', async () => {
    const { ask, spent } = await scene([at('a')])
    expect(await refusalOf(ask('b'))).toMatchObject({ kind: 'unknown_model', code: 'model_not_found' })
    expect(await spent()).toBe(0n)
  })
})

describe('a deployment without a price', () => {
  const unknown = at('a', { price: undefined })

  it('is refused to those who are bounded', async () => {
    const { ask, sent } = await scene([unknown])
    expect(await refusalOf(ask('a'))).toMatchObject({ kind: 'unpriced', code: 'model_not_priced' })
    expect(sent).toEqual([])
  })

  it('answers uncounted where the operator lets it', async () => {
    const { ask, rows, spent } = await scene([unknown], { money: { unpriced: 'allow' } })
    await ask('a')
    expect(await rows()).toMatchObject([{ charge: '0', unpriced: 1 }])
    expect(await spent()).toBe(0n)
  })

  it('is held and charged at the amount that the operator names, unless it certainly cost nothing', async () => {
    const money = { unpriced: 2n * DOLLAR }
    const paid = await scene([unknown], { money })
    await paid.ask('a')
    expect(await paid.rows()).toMatchObject([{ charge: String(2n * DOLLAR), overrun: '0' }])
    expect(await paid.spent()).toBe(2n)
    const failed = await scene([unknown], { money, fails: ['a'] })
    await refusalOf(failed.ask('a'))
    expect(await failed.rows()).toMatchObject([{ charge: '0' }])
    const { ask } = await scene([unknown], { limit: 1n, money: { unpriced: 2n * DOLLAR } })
    expect(await refusalOf(ask('a'))).toMatchObject({ kind: 'over_budget' })
  })
})
