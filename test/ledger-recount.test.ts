import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Rate, RateCard, Rates } from '../src/core/price.ts'
import type { Usage } from '../src/core/usage.ts'
import { begunMembers, endedMembers, sharedMembers } from '../src/ledger/replica/record-of.ts'
import { costOf } from '../src/prices/cost.ts'
import { attemptAt } from './support/calls.ts'
import { deployment } from './support/settings.ts'

/** What is not there is absent. */
const sometimes = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined })
const present = <Of>(members: object) =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Of

const rate: fc.Arbitrary<Rate> = fc.bigInt({ min: 0n, max: 10n ** 14n })
const rates: fc.Arbitrary<Rates> = fc
  .record({
    input: rate,
    output: rate,
    cacheRead: sometimes(rate),
    cacheWrite: sometimes(rate),
    cacheWrite1h: sometimes(rate),
    inputAudio: sometimes(rate),
    outputAudio: sometimes(rate),
    reasoning: sometimes(rate),
    request: sometimes(rate),
    webSearch: sometimes(rate),
    webSearchHigh: sometimes(rate),
  })
  .map(members => present<Rates>(members))
const card: fc.Arbitrary<RateCard> = fc
  .record({
    source: fc.constant('config'),
    rates,
    tiers: fc.oneof(fc.constant([]), fc.tuple(fc.record({ aboveInputTokens: fc.nat(100_000), rates }))),
    services: sometimes(fc.record({ flex: fc.record({ rates, tiers: fc.constant([]) }), fast: rate })),
  })
  .map(members => present<RateCard>(members))

const tokens = fc.nat(200_000)
const usage: fc.Arbitrary<Usage> = fc
  .record({
    inputTokens: tokens,
    outputTokens: tokens,
    cacheReadTokens: sometimes(tokens),
    cacheWriteTokens: sometimes(tokens),
    cacheWrite1hTokens: sometimes(tokens),
    inputAudioTokens: sometimes(tokens),
    outputAudioTokens: sometimes(tokens),
    reasoningTokens: sometimes(tokens),
    webSearches: sometimes(fc.nat(20)),
    searchContextSize: sometimes(fc.constantFrom('low', 'medium', 'high')),
    serviceTier: sometimes(fc.constantFrom('default', 'flex', 'fast', 'other')),
  })
  .map(members => present<Usage>(members))

it('keeps all that a cost was reckoned from: it can be reckoned again from the row alone', () => {
  fc.assert(
    fc.property(card, usage, (price, used) => {
      const cost = costOf(price, used)
      const row = rowOf(price, used, cost)
      expect(String(cost)).toBe(row.cost)
      expect(costOf(cardIn(row), usageIn(row))).toBe(cost)
    }),
  )
})

type Row = Record<string, string | number>

function rowOf(price: RateCard, used: Usage, cost: bigint): Row {
  const place = { ...deployment({ id: 'd', pool: 'p', baseUrl: 'http://127.0.0.1' }), price }
  const attempt = attemptAt(place)
  Object.assign(attempt.attempt, { usage: used, cost })
  const ended = { end: { outcome: 'complete' }, answer: undefined, at: 1, charge: cost, overrun: 0n } as const
  const own = `{${begunMembers(attempt, { replica: 'r', held: 0n })},${endedMembers(attempt, ended)}}`
  return Object.assign({}, ...[...sharedMembers(attempt), own].map(text => JSON.parse(text)))
}

function cardIn(row: Row): RateCard {
  const {
    tiers = [],
    services,
    ...plain
  } = JSON.parse(String(row.rates), (_name, value) => (typeof value === 'string' ? BigInt(value) : value))
  return { source: '', rates: plain, tiers, ...(services && { services }) }
}

function usageIn(row: Row): Usage {
  const details = JSON.parse(String(row.usage_details ?? '{}'))
  const { cache_write_1h_tokens: written1h } = details
  const written = row.cache_write_tokens
  return present<Usage>({
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    cacheReadTokens: row.cache_read_tokens,
    cacheWriteTokens: written === undefined ? undefined : Number(written) - (written1h ?? 0),
    cacheWrite1hTokens: written1h,
    inputAudioTokens: details.input_audio_tokens,
    outputAudioTokens: details.output_audio_tokens,
    reasoningTokens: row.reasoning_tokens,
    webSearches: details.web_searches,
    searchContextSize: details.search_context_size,
    serviceTier: details.service_tier,
  })
}
