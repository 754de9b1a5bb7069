import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../core/json.ts'
import type { RateCard } from '../core/price.ts'
import type { Operation, Request } from '../core/request.ts'
import { estimate } from './estimate.ts'

/** One nano-USD per input token, a thousand per output token. */
const card: RateCard = { rates: { input: 1_000_000n, output: 1_000_000_000n }, tiers: [], source: 'test' }

function request(extra: JsonObject = {}, operation: Operation = 'chat'): Request {
  // 'messages' is 4 + 4 bytes of role and 7 + 385 of content: 400, which is 100 tokens.
  const body = { messages: [{ role: 'user', content: 'x'.repeat(385) }], ...extra }
  return { operation, body, streamed: false }
}

describe('estimate', () => {
  it.each<[string, JsonObject, number]>([
    ['assumes 256 output tokens', {}, 256],
    ['takes a smaller limit of the request', { max_tokens: 10 }, 10],
    ['passes over a larger one', { max_tokens: 9999 }, 256],
    ['prefers max_completion_tokens', { max_tokens: 10, max_completion_tokens: 20 }, 20],
    ['counts every answer', { n: 3 }, 768],
    ['counts every answer of a limited request', { n: 3, max_tokens: 10 }, 30],
  ])('%s', (_name, extra, outputTokens) => {
    expect(estimate(card, {}, request(extra))).toEqual({
      inputTokens: 100,
      outputTokens,
      cost: BigInt(100 + outputTokens * 1000),
    })
  })

  it('takes another assumption', () => {
    expect(estimate(card, {}, request(), { assumedOutputTokens: 50 }).outputTokens).toBe(50)
  })

  it('expects no more than the model can say', () => {
    expect(estimate(card, { maxOutputTokens: 100 }, request({ n: 2 })).outputTokens).toBe(200)
  })

  it('expects no output of an embedding', () => {
    const embedding: Request = { operation: 'embedding', body: { input: 'x'.repeat(400) }, streamed: false }
    expect(estimate(card, {}, embedding)).toEqual({ inputTokens: 100, outputTokens: 0, cost: 100n })
  })

  it('has tokens and no cost without a price', () => {
    expect(estimate(undefined, {}, request())).toEqual({ inputTokens: 100, outputTokens: 256, cost: undefined })
  })
})
