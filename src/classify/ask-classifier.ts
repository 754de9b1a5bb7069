import type { Call, CallOptions, Classification } from '../core/call.ts'
import { Cancellation } from '../core/cancellation.ts'
import type { Clock } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'
import type { Handler } from '../core/handler.ts'
import type { AutoSettings } from '../core/settings.ts'
import { askForTask, DEFAULT_TASK, readTask } from './llm.ts'
import { readText } from './read-text.ts'

/** The longest piece of a classifier's answer that is repeated to people. */
const QUOTED = 40

export interface AskOptions {
  readonly settings: AutoSettings & { readonly classifierPool: string }
  /** Answers the classifying call. */
  readonly ask: Handler
  readonly clock: Clock
}

/**
 * Layer 2: asks the classifier pool for the task of a prompt. The classifying call shares the record of the call that it
 * is made for, so that its attempts and their cost are accounted there, and is stopped with it. It never fails the call:
 * a classifier that fails, is slow or talks nonsense means `default`, with the reason.
 */
export async function askClassifier(call: Call, text: string, options: AskOptions): Promise<Classification> {
  const tasks = Object.keys(options.settings.pools)
  try {
    const answer = await inTime(call, text, options)
    const task = readTask(answer, tasks)
    return { task, by: 'llm', reason: `${options.settings.classifierPool} answered ${quote(answer)}` }
  } catch (error) {
    const { kind, message } = Failure.from(error)
    return {
      task: DEFAULT_TASK,
      by: DEFAULT_TASK,
      reason: `${options.settings.classifierPool} failed: ${kind}: ${message}`,
    }
  }
}

/** Settles within the time allowed even when the handler does not heed its cancellation. */
function inTime(call: Call, text: string, { settings, ask, clock }: AskOptions): Promise<string> {
  const cancellation = new Cancellation()
  const now = clock.monotonic()
  const deadline = Math.min(call.deadline, now + settings.classifierTimeoutMs)
  return new Promise<string>((resolve, reject) => {
    cancellation.onCancel(reject)
    const unlink = call.cancellation.onCancel(reason => cancellation.cancel(reason))
    // `cancelled` and not `timed_out`: a limit that is tight for classifying says nothing about the deployment's health.
    const timer = clock.after(deadline - now, () =>
      cancellation.cancel(
        new Failure('cancelled', `no task was named within ${Math.max(0, Math.round(deadline - now))} ms`),
      ),
    )
    read(ask, classifyingCall(call, { text, settings, cancellation, deadline }))
      .then(resolve, reject)
      .finally(() => {
        timer.cancel()
        unlink()
      })
  })
}

/** An answer that comes too late is told to stop. */
async function read(ask: Handler, call: Call): Promise<string> {
  call.cancellation.throwIfCancelled()
  const answer = await ask(call)
  call.cancellation.onCancel(reason => answer.abandon(reason))
  return readText(answer)
}

interface Derived {
  readonly text: string
  readonly settings: AskOptions['settings']
  readonly cancellation: Cancellation
  readonly deadline: number
}

function classifyingCall(call: Call, { text, settings, cancellation, deadline }: Derived): Call {
  const pool = settings.classifierPool
  const request = askForTask({ pool, text, tasks: Object.keys(settings.pools) })
  return { ...call, pool, request, options: ownOptions(call.options), cancellation, deadline, purpose: 'classify' }
}

/**
 * What the caller asked for its answer (other pools, retries, timeouts, a mock, one deployment) is not meant for the
 * classifying call. Who asks, from where and under which constraints holds for both.
 */
function ownOptions(options: CallOptions): CallOptions {
  const {
    retries: _retries,
    timeoutMs: _timeoutMs,
    firstTokenMs: _firstTokenMs,
    fallbacks: _fallbacks,
    contextWindowFallbacks: _contextWindowFallbacks,
    contentPolicyFallbacks: _contentPolicyFallbacks,
    maxFallbacks: _maxFallbacks,
    mock: _mock,
    specificDeployment: _specificDeployment,
    strategyLabel: _strategyLabel,
    ...kept
  } = options
  return kept
}

function quote(answer: string): string {
  const text = answer.trim()
  return JSON.stringify(text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text)
}
