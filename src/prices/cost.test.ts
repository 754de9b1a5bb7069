import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decimalToInteger } from '../core/money.ts'
import type { Rate, RateCard, Rates } from '../core/price.ts'
import type { Usage } from '../core/usage.ts'
import { costOf, ratesFor } from './cost.ts'

const usd = (perMillion: string): Rate => decimalToInteger(perMillion, 9)

function card(rates: Rates, tiers: RateCard['tiers'] = []): RateCard {
  return { rates, tiers, source: 'test' }
}

const gpt4oMini = card({ input: usd('0.15'), output: usd('0.6'), cacheRead: usd('0.075') })
const gpt4o = card({ input: usd('2.5'), output: usd('10'), cacheRead: usd('1.25') })
const sonnet = card({
  input: usd('3'),
  output: usd('15'),
  cacheRead: usd('0.3'),
  cacheWrite: usd('3.75'),
  cacheWrite1h: usd('6'),
})
const gemini = card({ input: usd('1.25'), output: usd('10'), cacheRead: usd('0.125') }, [
  { aboveInputTokens: 200_000, rates: { input: usd('2.5'), output: usd('15'), cacheRead: usd('0.25') } },
])
const audio = card({ input: usd('2.5'), output: usd('10'), inputAudio: usd('32'), outputAudio: usd('64') })
const realtime = card({ input: usd('4'), output: usd('16'), cacheRead: usd('0.4'), inputAudio: usd('32') })
const sonarPro = card({ input: usd('3'), output: usd('15'), request: 14_000_000_000_000n })
const deepResearch = card({ input: usd('2'), output: usd('8'), reasoning: usd('3') })
const flash8b = card({ input: usd('0.0375'), output: usd('0.15') })
const threeTiers = card({ input: usd('1'), output: usd('2') }, [
  { aboveInputTokens: 32_000, rates: { input: usd('3'), output: usd('4') } },
  { aboveInputTokens: 128_000, rates: { input: usd('5'), output: usd('6') } },
])

/** Usage in, nano-USD out; each number was worked out by hand from the published price. */
const golden: readonly [name: string, RateCard, Usage, bigint][] = [
  ['OpenAI, plain', gpt4oMini, { inputTokens: 1000, outputTokens: 500 }, 450_000n],
  ['OpenAI, a million each', gpt4oMini, { inputTokens: 1e6, outputTokens: 1e6 }, 750_000_000n],
  ['OpenAI, cached prompt', gpt4o, { inputTokens: 2006, outputTokens: 300, cacheReadTokens: 1920 }, 5_615_000n],
  [
    'OpenAI, reasoning without its own price',
    gpt4o,
    { inputTokens: 75, outputTokens: 1186, reasoningTokens: 1024 },
    12_047_500n,
  ],
  [
    'OpenAI, audio in and out',
    audio,
    { inputTokens: 300, inputAudioTokens: 200, outputTokens: 150, outputAudioTokens: 100 },
    13_550_000n,
  ],
  [
    'OpenAI, cached audio is cached, not audio',
    realtime,
    { inputTokens: 1000, cacheReadTokens: 1000, inputAudioTokens: 900, outputTokens: 0 },
    400_000n,
  ],
  [
    'Anthropic, read and 5-minute write',
    sonnet,
    { inputTokens: 2345, outputTokens: 200, cacheReadTokens: 2000, cacheWriteTokens: 300 },
    4_860_000n,
  ],
  [
    'Anthropic, 1-hour write',
    sonnet,
    { inputTokens: 1000, outputTokens: 10, cacheWriteTokens: 200, cacheWrite1hTokens: 700 },
    5_400_000n,
  ],
  ['Gemini, at the threshold', gemini, { inputTokens: 200_000, outputTokens: 1000 }, 260_000_000n],
  ['Gemini, one above: the whole request', gemini, { inputTokens: 200_001, outputTokens: 1000 }, 515_002_500n],
  ['Gemini, above, cached', gemini, { inputTokens: 300_000, outputTokens: 1, cacheReadTokens: 100_000 }, 525_015_000n],
  ['highest threshold passed, numerically', threeTiers, { inputTokens: 130_000, outputTokens: 10 }, 650_060_000n],
  ['middle threshold', threeTiers, { inputTokens: 100_000, outputTokens: 10 }, 300_040_000n],
  [
    'reasoning with its own price',
    deepResearch,
    { inputTokens: 10, outputTokens: 1000, reasoningTokens: 900 },
    3_520_000n,
  ],
  ['per request', sonarPro, { inputTokens: 100, outputTokens: 100 }, 15_800_000n],
  ['per request, nothing used', sonarPro, { inputTokens: 0, outputTokens: 0 }, 14_000_000n],
  ['37.5 nano-dollars a token, rounded up once', flash8b, { inputTokens: 1, outputTokens: 0 }, 38n],
  ['two odd halves make one', flash8b, { inputTokens: 3, outputTokens: 0 }, 113n],
  [
    'beyond 2^53',
    card({ input: usd('150'), output: 0n }),
    { inputTokens: 900_000_001, outputTokens: 0 },
    135_000_000_150_000n,
  ],
]

describe('costOf', () => {
  it.each(golden)('%s', (_name, rates, usage, nano) => {
    expect(costOf(rates, usage)).toBe(nano)
  })

  it.each<[string, Usage]>([
    ['cache writes', { inputTokens: 1000, outputTokens: 0, cacheWriteTokens: 400, cacheWrite1hTokens: 600 }],
    ['cache reads', { inputTokens: 1000, outputTokens: 0, cacheReadTokens: 1000 }],
    ['audio', { inputTokens: 1000, outputTokens: 0, inputAudioTokens: 10 }],
  ])('charges %s without a rate of their own at the input rate', (_kind, usage) => {
    expect(costOf(card({ input: usd('2'), output: usd('9') }), usage)).toBe(2_000_000n)
  })

  it('charges 1-hour writes at the write rate when they have none of their own', () => {
    const usage = { inputTokens: 1000, outputTokens: 0, cacheWrite1hTokens: 1000 }
    expect(costOf(card({ input: usd('2'), output: 0n, cacheWrite: usd('3') }), usage)).toBe(3_000_000n)
  })

  it('never charges more tokens than the totals, however the kinds overlap', () => {
    const usage: Usage = {
      inputTokens: 10,
      outputTokens: 5,
      cacheReadTokens: 20,
      inputAudioTokens: 7,
      reasoningTokens: 90,
      outputAudioTokens: 3,
    }
    expect(costOf(sonnet, usage)).toBe(10n * 300n + 5n * 15_000n)
  })

  it('takes more tokens than any answer has as the most that there can be', () => {
    const dear = card({ input: usd('0'), output: usd('75') })
    expect(costOf(dear, { inputTokens: 0, outputTokens: Number.MAX_SAFE_INTEGER })).toBe(75_000n * 1_000_000_000n)
  })

  it.each([Number.NaN, -5, Number.POSITIVE_INFINITY])('takes a reported count of %d as none', count => {
    expect(costOf(gpt4o, { inputTokens: count, outputTokens: 1, cacheReadTokens: count })).toBe(10_000n)
  })

  it('counts a broken token as a whole one', () => {
    expect(costOf(gpt4o, { inputTokens: 1.5, outputTokens: 0 })).toBe(5_000n)
  })

  it('does not fail on null from an upstream', () => {
    const usage: Usage = JSON.parse('{"inputTokens": 4, "outputTokens": null, "cacheReadTokens": null}')
    expect(costOf(gpt4o, usage)).toBe(10_000n)
  })
})

const rate = fc.bigInt({ min: 0n, max: 10n ** 15n })
const tokens = fc.nat({ max: 10_000_000 })
const someRates = fc.record<Rates>(
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
const kinds = fc.record({
  text: tokens,
  read: tokens,
  write: tokens,
  write1h: tokens,
  audio: tokens,
  outText: tokens,
  outAudio: tokens,
  reasoning: tokens,
})

describe('costOf against exact rationals', () => {
  it('is the exact sum, rounded up by less than one nano-dollar', () => {
    fc.assert(
      fc.property(someRates, kinds, (rates, of) => {
        const cost = costOf(card(rates), {
          inputTokens: of.text + of.read + of.write + of.write1h + of.audio,
          outputTokens: of.outText + of.outAudio + of.reasoning,
          cacheReadTokens: of.read,
          cacheWriteTokens: of.write,
          cacheWrite1hTokens: of.write1h,
          inputAudioTokens: of.audio,
          outputAudioTokens: of.outAudio,
          reasoningTokens: of.reasoning,
        })
        const terms: readonly (readonly [number, Rate])[] = [
          [of.text, rates.input],
          [of.read, rates.cacheRead ?? rates.input],
          [of.write, rates.cacheWrite ?? rates.input],
          [of.write1h, rates.cacheWrite1h ?? rates.cacheWrite ?? rates.input],
          [of.audio, rates.inputAudio ?? rates.input],
          [of.outText, rates.output],
          [of.outAudio, rates.outputAudio ?? rates.output],
          [of.reasoning, rates.reasoning ?? rates.output],
          [1, rates.request ?? 0n],
        ]
        const millionths = terms.reduce((sum, [count, price]) => sum + BigInt(count) * price, 0n)
        const excess = cost * 1_000_000n - millionths
        expect(excess >= 0n && excess < 1_000_000n).toBe(true)
      }),
    )
  })

  it('stays between nothing and all tokens at the dearest rate, whatever is reported', () => {
    const anything = fc.oneof(tokens, fc.double(), fc.constant(undefined))
    fc.assert(
      fc.property(someRates, tokens, tokens, fc.array(anything, { minLength: 6, maxLength: 6 }), (rates, i, o, odd) => {
        const names = ['cacheReadTokens', 'cacheWriteTokens', 'cacheWrite1hTokens', 'inputAudioTokens']
        const all = [...names, 'outputAudioTokens', 'reasoningTokens'].map((name, index) => [name, odd[index]])
        const cost = costOf(card(rates), { inputTokens: i, outputTokens: o, ...Object.fromEntries(all) })
        const { request = 0n, ...perToken } = rates
        expect(cost >= 0n).toBe(true)
        const most = (price: Rate) => BigInt(i + o) * price + request + 1_000_000n
        expect(Object.values(perToken).some(price => cost * 1_000_000n < most(price))).toBe(true)
      }),
    )
  })
})

describe('ratesFor', () => {
  it('takes the base rates below every threshold', () => {
    expect(ratesFor(threeTiers, 32_000)).toBe(threeTiers.rates)
  })
})
