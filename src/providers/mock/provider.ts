import { Answer, type Source, wholeAnswer } from '../../core/answer.ts'
import type { Attempt } from '../../core/call.ts'
import type { Clock, Ms } from '../../core/clock.ts'
import { deploymentName, type MockSettings } from '../../core/deployment.ts'
import { Failure } from '../../core/failure.ts'
import { BytesFrame, DONE, ObjectFrame } from '../../core/frame.ts'
import type { Handler } from '../../core/handler.ts'
import { isObject } from '../../core/json.ts'
import { sleep } from '../../core/sleep.ts'
import { type MockAnswer, mockAnswer, streamChunks, wholeBody } from './answer.ts'
import { mockFailure } from './failures.ts'

/** How long the built-in mock takes to answer. */
const LATENCY_MS: Ms = 20

/**
 * Answers without any upstream: the built-in `mock/...` provider, and deployments or requests with LiteLLM's test hooks
 * (`mock_response`, `mock_tool_calls`, `mock_timeout`, `mock_delay`).
 */
export const mockProvider = (clock: Clock): Handler<Attempt> =>
  async function mock(attempt) {
    const settings = settingsOf(attempt)
    const delay = settings.timeout ? attempt.deadline - clock.monotonic() : (settings.delayMs ?? LATENCY_MS)
    await sleep(delay, clock, attempt.cancellation)
    if (settings.timeout) throw timedOut(attempt)
    const failure = mockFailure(settings.response, deploymentName(attempt.deployment))
    if (failure) throw failure
    const answer = mockAnswer(attempt.request, attempt.deployment, settings)
    // A body that is given as a whole stays one, whatever the client asked for.
    return attempt.request.streamed && !answer.body ? streamed(attempt, answer) : whole(attempt, answer)
  }

/** The attempt's own limit comes first, as a rule. */
function timedOut({ deployment }: Attempt): Failure {
  return new Failure('timed_out', `${deploymentName(deployment)} gives no answer, as its mock_timeout says`)
}

/** Whether an attempt is answered here although its deployment has a real upstream. */
export function isMocked({ deployment, options }: Attempt): boolean {
  const { mock } = options
  return (
    deployment.mock !== undefined ||
    mock?.mock_response !== undefined ||
    mock?.mock_timeout === true ||
    mock?.mock_tool_calls !== undefined
  )
}

function settingsOf({ deployment, options: { mock } }: Attempt): MockSettings {
  if (!mock) return deployment.mock ?? {}
  const response = mock.mock_response
  const calls = mock.mock_tool_calls
  return {
    ...deployment.mock,
    ...((typeof response === 'string' || isObject(response)) && { response }),
    ...(Array.isArray(calls) && { toolCalls: calls.filter(isObject) }),
    ...(typeof mock.mock_delay === 'number' && { delayMs: mock.mock_delay * 1000 }),
    ...(mock.mock_timeout === true && { timeout: true }),
  }
}

function whole({ deployment, request }: Attempt, answer: MockAnswer): Answer {
  const frame = new ObjectFrame([wholeBody(request, answer)], false)
  const { usage, finishReason, model, id } = answer
  return wholeAnswer(deployment, frame, {
    usage,
    finishReason,
    model,
    responseId: id,
    contentBytes: Buffer.byteLength(answer.text),
  })
}

const NO_SOURCE: Source = { pause() {}, resume() {}, abort() {} }

function streamed(attempt: Attempt, about: MockAnswer): Answer {
  const answer = new Answer(attempt.deployment, true, NO_SOURCE)
  Object.assign(answer, {
    model: about.model,
    responseId: about.id,
    finishReason: about.finishReason,
    usage: about.usage,
  })
  for (const chunk of streamChunks(attempt.request, about)) answer.push(new ObjectFrame([chunk], true), true)
  if (about.breaksOff) {
    answer.fail(new Failure('broken_off', `${deploymentName(attempt.deployment)} broke off, as its mock_response says`))
    return answer
  }
  answer.push(new BytesFrame(DONE, () => []), false)
  answer.complete()
  return answer
}
