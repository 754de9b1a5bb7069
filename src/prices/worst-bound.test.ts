import { createRequire } from 'node:module'
import type * as GenaiPrices from '@pydantic/genai-prices'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Pieces } from '../core/pieces.ts'
import type { RateCard, Rates, ServiceTier } from '../core/price.ts'
import type { Request } from '../core/request.ts'
import type { Usage } from '../core/usage.ts'
import type { SearchContextSize } from '../core/web-search.ts'
import { inputTokenBounds } from './bounds.ts'
import { openBundle } from './bundle.ts'
import { costOf } from './cost.ts'
import { forcedOutput, worstCost } from './worst.ts'

const library: typeof GenaiPrices = createRequire(import.meta.url)('@pydantic/genai-prices')
const PROVIDERS = [
  ...[
    'openai',
    'azure',
    'anthropic',
    'google',
    'aws',
    'mistral',
    'openrouter',
    'x-ai',
    'perplexity',
    'deepseek',
    'groq',
  ],
  ...['cohere', 'fireworks', 'together', 'cerebras', 'moonshotai', 'novita', 'huggingface_together'],
]
const NOON = new Date('2026-11-20T12:00:00Z')

const parts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 8, maxLength: 8 })
const asked = fc.record({
  content: fc.string({ maxLength: 500 }),
  max: fc.option(fc.integer({ min: 1, max: 100_000 }), { nil: undefined }),
  answers: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  marked: fc.boolean(),
  model: fc.constantFrom('claude', 'gpt'),
  speaks: fc.boolean(),
  searches: fc.constantFrom<SearchContextSize | 3 | undefined>(undefined, 'low', 'medium', 'high', 3),
  tier: fc.constantFrom(undefined, 'auto', 'default', 'flex', 'priority', 'fast'),
})
type Asked = typeof asked extends fc.Arbitrary<infer Value> ? Value : never

function requestOf({ content, max, answers, marked, speaks, searches, tier }: Asked): Request {
  const said = { role: 'user', content, ...(marked && { cache_control: { type: 'ephemeral' } }) }
  const limit = { ...(max !== undefined && { max_tokens: max }), ...(answers !== undefined && { n: answers }) }
  const tools = [{ type: 'web_search_20250305', name: 'web_search', max_uses: 3 }]
  const finds = searches === 3 ? { tools } : searches && { web_search_options: { search_context_size: searches } }
  const asks = tier !== undefined && { service_tier: tier }
  const body = {
    model: 'm',
    messages: [said],
    ...limit,
    ...finds,
    ...asks,
    ...(speaks && { modalities: ['text', 'audio'] }),
  }
  return { operation: 'chat', streamed: false, body }
}

/** What a provider may count that keeps to the bounds: whole numbers of every kind, overlapping as they like. */
function usageOf(
  { marked, model, speaks, searches, answers = 1 }: Asked,
  most: { input: number; output: number },
  shares: readonly number[],
): Usage {
  const [input = 0, output = 0, read = 0, write = 0, hour = 0, audio = 0, reasoning = 0] = shares
  const inputTokens = Math.floor(most.input * input)
  const outputTokens = Math.floor(most.output * output)
  return {
    inputTokens,
    outputTokens,
    cacheReadTokens: Math.floor(inputTokens * read),
    // Claude writes only what a prompt marks.
    ...((marked || model !== 'claude') && {
      cacheWriteTokens: Math.floor(inputTokens * write),
      cacheWrite1hTokens: Math.floor(inputTokens * hour),
    }),
    ...(speaks && { outputAudioTokens: Math.floor(outputTokens * audio) }),
    reasoningTokens: Math.floor(outputTokens * reasoning),
    ...(searches === 3 && { webSearches: 3 }),
    ...(typeof searches === 'string' && { webSearches: answers, searchContextSize: searches }),
  }
}

/** What may answer: the tier that is asked for or the plain one; where that is left open, as the project is set. */
function servedBy({ tier }: Asked): readonly ServiceTier[] {
  if (tier === 'flex') return ['default', 'flex']
  return tier === 'default' ? ['default'] : ['default', 'priority']
}

function expectBound(price: RateCard, one: Asked, shares: readonly number[]): void {
  const request = requestOf(one)
  const bounds = inputTokenBounds(request)
  const deployment = { price, limits: { supports: {} }, defaults: {}, model: one.model }
  const worst = worstCost(deployment, request, { bounds }) ?? -1n
  const output = (one.max ?? forcedOutput(deployment, request, undefined)) * (one.answers ?? 1)
  const used = usageOf(one, { input: bounds.high, output }, shares)
  for (const serviceTier of servedBy(one)) {
    const usage = { ...used, serviceTier }
    if (costOf(price, usage) > worst)
      throw new Error(`${price.source}: ${costOf(price, usage)} > ${worst} for ${JSON.stringify(usage)}`)
  }
}

const rate = fc.bigInt({ min: 0n, max: 100_000_000_000n })
const rates: fc.Arbitrary<Rates> = fc.record(
  {
    input: rate,
    output: rate,
    cacheRead: rate,
    cacheWrite: rate,
    cacheWrite1h: rate,
    inputAudio: rate,
    outputAudio: rate,
    reasoning: rate,
    request: rate,
    webSearch: rate,
    webSearchLow: rate,
    webSearchHigh: rate,
  },
  { requiredKeys: ['input', 'output'] },
)
const sheet = fc
  .tuple(rates, fc.array(fc.tuple(fc.integer({ min: 1, max: 1_000 }), rates), { maxLength: 2 }))
  .map(([base, tiers]) => ({
    rates: base,
    tiers: tiers
      .map(([aboveInputTokens, above]) => ({ aboveInputTokens, rates: above }))
      .sort((one, other) => one.aboveInputTokens - other.aboveInputTokens),
  }))
const services = fc.record({ flex: sheet, priority: sheet }, { requiredKeys: [] })
const card: fc.Arbitrary<RateCard> = fc
  .tuple(sheet, fc.option(services, { nil: undefined }))
  .map(([plain, stated]) => ({ ...plain, source: 'random', ...(stated && { services: stated }) }))

test('no usage within the bounds costs more, whatever the rates are', () => {
  fc.assert(
    fc.property(card, asked, parts, (price, one, shares) => expectBound(price, one, shares)),
    { numRuns: 3_000, seed: 1 },
  )
})

test('nor at any bundled price', () => {
  const bundle = openBundle()
  const cards: RateCard[] = []
  for (const provider of PROVIDERS) {
    for (const { id } of library.findProvider({ providerId: provider })?.models ?? []) {
      const price = bundle.card(provider, id, NOON)
      if (price) cards.push(price)
    }
  }
  expect(cards.length).toBeGreaterThan(500)
  const samples = fc.sample(fc.tuple(asked, parts), { numRuns: 20, seed: 1 })
  for (const price of cards) {
    for (const [one, shares] of samples) expectBound(price, one, shares)
    // All at the dearest: everything that may come does.
    for (const [one] of samples) expectBound(price, one, [1, 1, 1, 1, 1, 1, 1])
    for (const [one] of samples) expectBound(price, one, [1, 1, 0, 0, 0, 0, 0])
  }
})

test('an attempt that is given a limit costs no more than what was held for its call', () => {
  const price: RateCard = { rates: { input: 150n, output: 600n }, tiers: [], source: 'test' }
  const deployment = { price, limits: { maxOutputTokens: 9_999_999, supports: {} }, defaults: {}, model: 'm' }
  fc.assert(
    fc.property(asked, fc.boolean(), (one, hasBytes) => {
      const { body, ...rest } = requestOf({ ...one, max: undefined })
      const source = hasBytes && { bytes: new Pieces([Buffer.from(JSON.stringify(body))]), model: undefined }
      const added = { max_completion_tokens: forcedOutput(deployment, { body }, undefined) }
      const call: Request = { ...rest, body, ...(source && { source }) }
      const limited = { ...rest, body: { ...body, ...added } }
      const attempt: Request = source ? { ...limited, source: { ...source, added } } : limited
      const held = worstCost(deployment, call, { bounds: inputTokenBounds(call) }) ?? 0n
      const needed = worstCost(deployment, attempt, { bounds: inputTokenBounds(attempt) }) ?? 0n
      expect(needed <= held).toBe(true)
    }),
    { numRuns: 200, seed: 1 },
  )
})
