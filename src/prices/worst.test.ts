import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chat } from '../../test/support/calls.ts'
import type { Request } from '../core/request.ts'
import { inputTokenBounds } from './bounds.ts'
import { costOf } from './cost.ts'
import { priced, worst } from './worst.fixture.ts'

describe('the worst price', () => {
  it('is unknown where nobody knows the price', () => {
    expect(worst(chat({}), { price: undefined })).toBeUndefined()
  })

  it('takes the output that the client asks for, else that of the model or the cap, the smaller one', () => {
    const model = { limits: { maxOutputTokens: 500, supports: {} } }
    expect(worst(chat({ max_tokens: 7 }), model)?.output).toBe(7n)
    expect(worst(chat({}), model)?.output).toBe(500n)
    expect(worst(chat({}), model, 100)?.output).toBe(100n)
    expect(worst(chat({}), model, 900)?.output).toBe(500n)
    expect(worst(chat({}), {})?.output).toBe(4_096n)
  })

  it('takes the larger of two limits, as upstreams differ in which they know', () => {
    expect(worst(chat({ max_tokens: 900, max_completion_tokens: 1 }))?.output).toBe(900n)
    expect(worst(chat({ max_tokens: 1, max_completion_tokens: 900 }))?.output).toBe(900n)
  })

  it('counts all answers, and what the deployment adds where the client says nothing', () => {
    expect(worst(chat({ max_tokens: 10, n: 3 }))?.output).toBe(30n)
    expect(worst(chat({ max_tokens: 10 }), { defaults: { n: 4 } })?.output).toBe(40n)
    expect(worst(chat({}), { defaults: { max_tokens: 20 } })?.output).toBe(20n)
    expect(worst(chat({ max_tokens: 10 }), { defaults: { max_completion_tokens: 20 } })?.output).toBe(10n)
  })

  it('of a completion takes the limit that its API knows', () => {
    const body = { model: 'm', prompt: 'a', max_completion_tokens: 1 }
    expect(worst({ operation: 'completion', streamed: false, body })?.output).toBe(4_096n)
    expect(worst({ operation: 'completion', streamed: false, body: { ...body, max_tokens: 5 } })?.output).toBe(5n)
  })

  it('has an end, whatever is asked for', () => {
    for (const body of [{ max_tokens: 1e300 }, { max_tokens: 1e300, n: 1e300 }, { max_completion_tokens: 1e12 }])
      expect(worst(chat(body))?.output).toBe(1_000_000_000n)
  })

  it('of an embedding has no output', () => {
    const request: Request = { operation: 'embedding', streamed: false, body: { input: 'text' } }
    expect(worst(request)?.output).toBe(0n)
  })

  it('counts what the deployment adds as input, and all that the model takes where the input is open', () => {
    const plain = worst(chat({ max_tokens: 1 }))?.cost ?? 0n
    const defaults = { instructions: 'x'.repeat(100) }
    expect((worst(chat({ max_tokens: 1 }), { defaults })?.cost ?? 0n) - plain).toBe(
      BigInt(JSON.stringify(defaults).length),
    )
    const open = chat({ max_tokens: 1, web_search_options: {} })
    expect(worst(open, { limits: { maxInputTokens: 500, supports: {} } })?.cost).toBe(1_500n)
    const limits = { maxInputTokens: 500, supports: {} }
    for (const draft of [
      { model: 'gpt-5-search-api' },
      { defaults: { tools: [{ type: 'web_search_20250305', max_uses: 1 }] } },
      { defaults: { previous_response_id: 'resp_1' } },
    ])
      expect(worst(chat({ max_tokens: 1 }), { limits, ...draft })?.cost).toBe(1_500n)
  })

  it('is that of the dearest tier that may be reached, and of none beyond', () => {
    const tiers = [
      { aboveInputTokens: 100, rates: { input: 5_000_000n, output: 0n } },
      { aboveInputTokens: 100_000, rates: { input: 900_000_000n, output: 0n } },
    ]
    const high = BigInt(inputTokenBounds(chat({ max_tokens: 1 })).high)
    const price = { rates: { input: 1_000_000n, output: 0n }, tiers, source: 'test' }
    expect(worst(chat({ max_tokens: 1 }), { price })?.cost).toBe(high * 5n)
    expect(
      worst(chat({ max_tokens: 1 }), { price: { ...price, rates: { input: 7_000_000n, output: 0n } } })?.cost,
    ).toBe(high * 7n)
  })

  it("takes the price of Claude's cache writes only where the prompt marks what to keep, however it is written", () => {
    const dear = {
      ...priced({ cacheWrite: 2_000_000n, cacheWrite1h: 3_000_000n, output: 0n }),
      model: 'claude-sonnet-4-6',
    }
    const text = (mark: string) =>
      chat(`{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"text","text":"a",${mark}}]}]}`)
    const costOfMark = (mark: string) => {
      const request = text(mark)
      return (worst(request, dear)?.cost ?? 0n) / BigInt(inputTokenBounds(request).high)
    }
    expect(costOfMark('"x":1')).toBe(1n)
    expect(costOfMark('"cache_control":{"type":"ephemeral"}')).toBe(3n)
    expect(costOfMark('"cache\\u005fcontrol":{"type":"ephemeral"}')).toBe(3n)
    expect(costOfMark('"x":"\\u00e9"')).toBe(1n)
    const defaults = { cache_control: { type: 'ephemeral' } }
    expect(worst(chat({ max_tokens: 1 }), { ...dear, defaults })?.cost).toBeGreaterThan(
      worst(chat({ max_tokens: 1 }), { ...priced({ output: 0n }), defaults })?.cost ?? 0n,
    )
  })

  it('takes the price of audio and of thoughts where they may come', () => {
    const dear = priced({ outputAudio: 9_000_000_000n, reasoning: 2_000_000_000n })
    expect(worst(chat({ max_tokens: 10 }), dear)?.output).toBe(20n)
    expect(worst(chat({ max_tokens: 10, modalities: ['text', 'audio'] }), dear)?.output).toBe(90n)
  })
})

const rate = fc.bigInt({ min: 0n, max: 100_000_000_000n })
const rates = fc.record(
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
  },
  { requiredKeys: ['input', 'output'] },
)
const cards = fc.record({
  rates,
  tiers: fc
    .uniqueArray(fc.record({ aboveInputTokens: fc.nat(400_000), rates }), {
      maxLength: 3,
      selector: tier => tier.aboveInputTokens,
    })
    .map(tiers => tiers.sort((one, other) => one.aboveInputTokens - other.aboveInputTokens)),
  source: fc.constant('test'),
})
const asked = fc.record(
  {
    max_tokens: fc.integer({ min: 1, max: 200_000 }),
    max_completion_tokens: fc.integer({ min: 1, max: 200_000 }),
    n: fc.integer({ min: 1, max: 8 }),
    words: fc.nat(5_000),
    keeps: fc.boolean(),
    speaks: fc.boolean(),
    hears: fc.boolean(),
  },
  { requiredKeys: ['words', 'keeps', 'speaks', 'hears'] },
)

describe('for any price, any request and any usage that keeps to it', () => {
  it('what it costs is never more than the worst price', () => {
    const part = fc.double({ min: 0, max: 1, noNaN: true })
    const parts = fc.tuple(part, part, part, part, part, part, part, part)
    fc.assert(
      fc.property(cards, asked, parts, (price, { words, keeps, speaks, hears, ...limits }, shares) => {
        const text = {
          type: 'text',
          text: 'word '.repeat(words),
          ...(keeps && { cache_control: { type: 'ephemeral' } }),
        }
        const sound = { type: 'input_audio', input_audio: { data: '', format: 'wav' } }
        const request = chat({
          messages: [{ role: 'user', content: hears ? [text, sound] : [text] }],
          ...(speaks && { modalities: ['text', 'audio'] }),
          ...limits,
        })
        const bounds = inputTokenBounds(request)
        const model = { maxInputTokens: 128_000, maxOutputTokens: 16_000, supports: {} }
        const most = bounds.open ? model.maxInputTokens : bounds.high
        const limit = Math.max(limits.max_tokens ?? 0, limits.max_completion_tokens ?? 0) || model.maxOutputTokens
        const [input, output, ...kinds] = shares
        const of = (total: number, share = 0) => Math.floor(total * share)
        const inputTokens = of(most, input)
        const outputTokens = of(limit * (limits.n ?? 1), output)
        const usage = {
          inputTokens,
          outputTokens,
          cacheReadTokens: of(inputTokens, kinds[0]),
          ...(keeps && { cacheWriteTokens: of(inputTokens, kinds[1]), cacheWrite1hTokens: of(inputTokens, kinds[2]) }),
          ...(hears && { inputAudioTokens: of(inputTokens, kinds[3]) }),
          ...(speaks && { outputAudioTokens: of(outputTokens, kinds[4]) }),
          reasoningTokens: of(outputTokens, kinds[5]),
        }
        const held = worst(request, { price, limits: model })?.cost ?? -1n
        expect(costOf(price, usage)).toBeLessThanOrEqual(held)
      }),
      { seed: 7, numRuns: 400 },
    )
  })
})
