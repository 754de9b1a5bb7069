import { describe, expect, it } from 'vitest'
import { attemptAt } from '../../test/support/calls.ts'
import { deployment } from '../../test/support/settings.ts'
import { Answer, type Source } from '../core/answer.ts'
import { Failure } from '../core/failure.ts'
import { ObjectFrame } from '../core/frame.ts'
import { commit } from './commit.ts'

const broken = new Failure('upstream_error', 'broken')
const frame = new ObjectFrame([{}], true)

function scene(hasFallback = false) {
  const attempt = attemptAt(deployment({ id: 'a', pool: 'p', baseUrl: 'http://127.0.0.1:1' }))
  const aborted: string[] = []
  const source: Source = { pause() {}, resume() {}, abort: reason => aborted.push(reason.kind) }
  const answer = new Answer(attempt.deployment, true, source)
  const given = commit(() => hasFallback)(async () => answer)(attempt)
  return { answer, given, aborted, attempt }
}

describe('the commitment to an answer', () => {
  it('waits for content', async () => {
    const { answer, given } = scene()
    let settled = false
    void given.then(() => {
      settled = true
    })
    answer.push(frame, false)
    await new Promise(resolve => setImmediate(resolve))
    expect(settled).toBe(false)
    answer.push(frame, true)
    expect(await given).toBe(answer)
  })

  it('is refused when the answer fails before, be it before anybody asked', async () => {
    const waiting = scene()
    waiting.answer.push(frame, false)
    waiting.answer.fail(broken)
    await expect(waiting.given).rejects.toBe(broken)

    const failed = new Answer(waiting.attempt.deployment, true, { pause() {}, resume() {}, abort() {} })
    failed.fail(broken)
    await expect(commit(() => false)(async () => failed)(waiting.attempt)).rejects.toBe(broken)
  })

  it('is refused for a refusal by the content filter only when there is another place to go', async () => {
    const stays = scene(false)
    stays.answer.finishReason = 'content_filter'
    stays.answer.push(frame, true)
    expect(await stays.given).toBe(stays.answer)

    const goes = scene(true)
    goes.answer.finishReason = 'content_filter'
    goes.answer.usage = { inputTokens: 3, outputTokens: 4 }
    goes.answer.push(frame, true)
    // The provider has billed it: what it reported goes with the failure.
    await expect(goes.given).rejects.toMatchObject({
      kind: 'content_refused',
      usage: { inputTokens: 3, outputTokens: 4 },
    })
    expect(goes.aborted).toEqual(['content_refused'])
  })
})
