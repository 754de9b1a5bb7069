import { describe, expect, it } from 'vitest'
import { attemptAt, callTo } from '../../test/support/calls.ts'
import { deployment } from '../../test/support/settings.ts'
import { Answer, type Source } from '../core/answer.ts'
import type { Deployment } from '../core/deployment.ts'
import { Failure, type FailureKind } from '../core/failure.ts'
import { ObjectFrame } from '../core/frame.ts'
import type { Usage } from '../core/usage.ts'
import { costOf, isPriced, outputTokensFrom } from '../prices/index.ts'
import { meter } from './meter.ts'

const NO_SOURCE: Source = { pause() {}, resume() {}, abort() {} }
const frame = new ObjectFrame([{}], true)
const left = new Failure('cancelled', 'the client left')

/** $1 per million input tokens, $2 per million output tokens; the request is reckoned at 100 tokens. */
function scene(changes: Partial<Deployment> = {}, answers: () => Failure | undefined = () => undefined) {
  const attempt = attemptAt(deployment({ id: 'a', pool: 'p', baseUrl: 'http://127.0.0.1:1', ...changes }))
  const answer = new Answer(attempt.deployment, true, NO_SOURCE)
  const unseen = { learn() {}, tokens: () => 0 }
  const layer = meter({ costOf, isPriced, inputTokens: () => 100, outputTokens: outputTokensFrom, unseen })
  const given = layer(async () => {
    const failure = answers()
    if (failure) throw failure
    return answer
  })(attempt)
  return { attempt, answer, given, record: attempt.record }
}

const reported: Usage = { inputTokens: 1000, outputTokens: 10 }

describe('the service tier of an answer', () => {
  const price: Deployment['price'] = {
    rates: { input: 1_000_000_000n, output: 2_000_000_000n },
    tiers: [],
    services: { priority: { rates: { input: 3_000_000_000n, output: 6_000_000_000n }, tiers: [] } },
    source: 'test',
  }
  const ended = async (
    usage: Usage,
    draft: Partial<Deployment> = {},
    before?: (all: ReturnType<typeof scene>) => void,
  ) => {
    const all = scene({ price, ...draft })
    before?.(all)
    await all.given
    all.answer.usage = usage
    all.answer.complete()
    return all
  }

  it('decides by which rates it is charged', async () => {
    const { attempt, record } = await ended({ ...reported, serviceTier: 'priority' })
    expect([attempt.attempt.cost, record.unpriced]).toEqual([3_060_000n, false])
  })

  it('that the provider does not name is the one it was asked for, if that one is dearer', async () => {
    const asked = async (service_tier: string) =>
      (await ended(reported, { defaults: { service_tier } })).attempt.attempt
    expect(await asked('priority')).toMatchObject({ cost: 3_060_000n, usage: { serviceTier: 'priority' } })
    expect(await asked('fast')).toMatchObject({ cost: 3_060_000n })
    for (const tier of ['auto', 'default', 'flex', 'scale']) expect((await asked(tier)).usage).toBe(reported)
  })

  it('is the plain one where the upstream was not sent what was asked for', async () => {
    const { attempt } = await ended(
      reported,
      { defaults: { service_tier: 'priority' } },
      ({ attempt: { attempt } }) => {
        attempt.droppedParameters = ['service_tier']
      },
    )
    expect(attempt.attempt.cost).toBe(1_020_000n)
  })

  it('is what the stream has named when it is cut', async () => {
    const { attempt, answer, given } = scene({ price })
    await given
    answer.serviceTier = 'priority'
    answer.push(frame, true)
    answer.contentBytes = 40
    answer.fail(new Failure('broken_off', 'cut'))
    expect(attempt.attempt).toMatchObject({ cost: 360_000n, usage: { estimated: true, serviceTier: 'priority' } })
  })

  it.each<[Usage['serviceTier'], Partial<Deployment>]>([
    ['ultrafast', {}],
    ['other', {}],
    [undefined, { defaults: { speed: 'fast' } }],
  ])('%s of which nobody knows the rates makes the cost a lower bound, and says so', async (serviceTier, draft) => {
    const { attempt, record } = await ended({ ...reported, ...(serviceTier && { serviceTier }) }, draft)
    expect(attempt.attempt).toMatchObject({ cost: 1_020_000n, isLowerBound: true })
    expect(record).toMatchObject({ cost: 1_020_000n, unpriced: true })
  })
})

describe('the web searches of an answer', () => {
  /** A cent for each, two by large contexts. */
  const price: Deployment['price'] = {
    rates: { input: 1_000_000_000n, output: 2_000_000_000n, webSearch: 10n ** 13n, webSearchHigh: 2n * 10n ** 13n },
    tiers: [],
    source: 'test',
  }
  const ended = async (draft: Partial<Deployment>, usage: Usage = reported, dropped: readonly string[] = []) => {
    const { attempt, answer, given, record } = scene({ price, ...draft })
    attempt.attempt.droppedParameters = dropped
    await given
    answer.usage = usage
    answer.complete()
    return { ...attempt.attempt, unpriced: record.unpriced }
  }
  const asked = (size?: string): Partial<Deployment> => ({
    defaults: { web_search_options: size === undefined ? {} : { search_context_size: size } },
  })

  it('are charged as they are counted', async () => {
    expect(await ended({}, { ...reported, webSearches: 3 })).toMatchObject({ cost: 31_020_000n, unpriced: false })
  })

  it('are one for each answer where the host does not count them, by the size that is asked for', async () => {
    expect(await ended(asked())).toMatchObject({ cost: 11_020_000n, usage: { webSearches: 1 } })
    expect(await ended(asked('high'))).toMatchObject({ cost: 21_020_000n })
    expect(await ended({ model: 'gpt-4o-search-preview' })).toMatchObject({ cost: 11_020_000n })
    expect((await ended(asked(), { ...reported, webSearches: 0 })).cost).toBe(1_020_000n)
  })

  it('are none where the upstream was not asked for any', async () => {
    expect((await ended(asked(), reported, ['web_search_options'])).usage).toBe(reported)
  })

  it('without a known price make the cost a lower bound', async () => {
    const draft = { ...asked(), price: { ...price, rates: { input: 1_000_000_000n, output: 2_000_000_000n } } }
    expect(await ended(draft)).toMatchObject({ cost: 1_020_000n, isLowerBound: true, unpriced: true })
  })
})

describe('the cost of an attempt', () => {
  it('is that of the usage reported', async () => {
    const { attempt, answer, given, record } = scene()
    await given
    answer.usage = reported
    answer.complete()
    expect(attempt.attempt).toMatchObject({ usage: reported, cost: 1_020_000n })
    expect(record).toMatchObject({ cost: 1_020_000n, unpriced: false })
  })

  it('is known before the end has reached the reader', async () => {
    const { attempt, answer, given } = scene()
    const cost: unknown[] = []
    ;(await given).read({ frame: () => true, end: () => cost.push(attempt.attempt.cost) })
    answer.usage = reported
    answer.complete()
    expect(cost).toEqual([1_020_000n])
  })

  it.each<[string, (answer: Answer) => void]>([
    ['complete', answer => answer.complete()],
    ['cut', answer => answer.fail(new Failure('broken_off', 'cut'))],
    ['left', answer => answer.abandon(left)],
    ['timed out', answer => answer.breakOff(new Failure('timed_out', 'late'))],
  ])('is estimated, and said to be, when it was %s and usage never came', async (_, end) => {
    const { attempt, answer, given } = scene()
    await given
    answer.push(frame, true)
    answer.contentBytes = 400
    answer.contentEvents = 3
    end(answer)
    const outputTokens = outputTokensFrom({ contentBytes: 400, contentEvents: 3 })
    expect(attempt.attempt.usage).toEqual({ inputTokens: 100, outputTokens, estimated: true })
    expect(attempt.attempt.cost).toBe(100_000n + BigInt(outputTokens) * 2000n)
  })

  it('takes the higher output when a running total came before the cut', async () => {
    const ahead = scene()
    await ahead.given
    ahead.answer.usage = { ...reported, cacheReadTokens: 5 }
    ahead.answer.contentEvents = 50
    ahead.answer.abandon(left)
    expect(ahead.attempt.attempt.usage).toEqual({ ...reported, cacheReadTokens: 5, outputTokens: 50, estimated: true })

    const behind = scene()
    await behind.given
    behind.answer.usage = reported
    behind.answer.contentEvents = 2
    behind.answer.abandon(left)
    expect(behind.attempt.attempt.usage).toEqual(reported)
  })

  it.each<[FailureKind, boolean]>([
    ['unreachable', false],
    ['rate_limited', false],
    ['rejected', false],
    ['timed_out', true],
    ['bad_answer', true],
    ['broken_off', true],
    ['cancelled', true],
  ])('of an attempt without an answer that ended as %s is charged: %s', async (kind, charged) => {
    const { attempt, given } = scene({}, () => new Failure(kind, kind))
    await expect(given).rejects.toMatchObject({ kind })
    const usage = { inputTokens: 100, outputTokens: 0, estimated: true }
    expect(attempt.attempt.usage).toEqual(charged ? usage : undefined)
    expect(attempt.record.cost).toBe(charged ? 100_000n : 0n)
  })

  it('of an answer that was thrown away is that of the usage that came with it', async () => {
    const { attempt, given } = scene({}, () => new Failure('content_refused', 'filtered', { usage: reported }))
    await expect(given).rejects.toMatchObject({ kind: 'content_refused' })
    expect(attempt.attempt).toMatchObject({ usage: reported, cost: 1_020_000n })
  })

  it('without a price is not 0 but unknown', async () => {
    const { attempt, answer, given, record } = scene({ price: undefined })
    await given
    answer.usage = reported
    answer.complete()
    expect(attempt.attempt.usage).toEqual(reported)
    expect(attempt.attempt.cost).toBeUndefined()
    expect(record).toMatchObject({ cost: 0n, unpriced: true })
  })

  it('is added to what the attempts before it cost', async () => {
    const { record, attempt, answer, given } = scene()
    record.cost = 5n
    await given
    answer.usage = reported
    answer.complete()
    expect(record.cost).toBe(1_020_005n)
    expect(attempt.attempt.cost).toBe(1_020_000n)
    expect(callTo('p').record.cost).toBe(0n)
  })
})
