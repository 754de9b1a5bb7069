import { describe, expect, it } from 'vitest'
import { attemptAt, callTo, chat } from '../../test/support/calls.ts'
import { deployment } from '../../test/support/settings.ts'
import type { JsonObject } from '../core/json.ts'
import { OutputPace } from '../pools/output-pace.ts'
import { generatedAnswers, requestedOutputTokens } from '../prices/index.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { UnseenOutput } from './unseen-output.ts'

const AT = deployment({ id: 'a', pool: 'p', baseUrl: 'http://127.0.0.1:1' })

/** Whole answers are written at 50 tokens a second until some were seen. */
function scene() {
  const clock = new FakeClock()
  const paces = { wholePace: new OutputPace(0.05), thinkingPace: new OutputPace(0) }
  const unseen = new UnseenOutput({
    pacesOf: () => paces,
    answersOf: generatedAnswers,
    mostOutputOf: requestedOutputTokens,
    clock,
  })
  const begin = (body: JsonObject = {}) => ({
    ...attemptAt(AT, callTo('p', { request: chat(body) })),
  })
  return { clock, unseen, begin }
}

describe('what was written and not seen', () => {
  it('of a whole answer is the time that it had, at the usual pace before one was seen', async () => {
    const { clock, unseen, begin } = scene()
    const attempt = begin()
    await clock.advance(4_000)
    expect(unseen.tokens(attempt, 0)).toBe(200)
  })

  it('goes by the pace of the last answers, for each of those that are asked for', async () => {
    const { clock, unseen, begin } = scene()
    const first = begin({ n: 2 })
    await clock.advance(10_000)
    unseen.learn(first, { inputTokens: 1, outputTokens: 400 })
    const attempt = begin({ n: 3 })
    expect(unseen.tokens(attempt, 0)).toBe(3 * 200)
  })

  it('is no more than the request allows, with what was received', async () => {
    const { clock, unseen, begin } = scene()
    const attempt = begin({ max_tokens: 50 })
    await clock.advance(60_000)
    expect(unseen.tokens(attempt, 0)).toBe(50)
    expect(unseen.tokens(attempt, 45)).toBe(5)
    expect(unseen.tokens(attempt, 80)).toBe(0)
  })

  it('of a stream is what it thought before its first content, as the last ones did', async () => {
    const { clock, unseen, begin } = scene()
    const first = begin({ stream: true })
    await clock.advance(10_000)
    first.attempt.firstAt = clock.monotonic()
    expect(unseen.tokens(first, 0)).toBe(0)
    unseen.learn(first, { inputTokens: 1, outputTokens: 1_100, reasoningTokens: 1_000 })
    const thinking = begin({ stream: true })
    expect(unseen.tokens(thinking, 0)).toBe(1_000)
    const writing = begin({ stream: true })
    writing.attempt.firstAt = 2_000
    expect(unseen.tokens(writing, 7)).toBe(200)
  })
})
