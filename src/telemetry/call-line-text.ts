import type { End } from '../core/answer.ts'
import type { AttemptRecord, Call } from '../core/call.ts'
import { type CallCharge, callCharge } from '../core/charge.ts'
import type { Ms } from '../core/clock.ts'
import type { Failure } from '../core/failure.ts'
import { DEFAULT_LOGGING, type LoggingRules } from '../core/logging.ts'
import { type Usage, usageDetails } from '../core/usage.ts'
import {
  answeringAttempt,
  type CallLineContext,
  failureText,
  isCostUnknown,
  type LineStatus,
  runIdOf,
  statusOf,
  tagsOf,
} from './call-line.ts'
import { dollarsText, exactText, secondsText } from './figures.ts'
import { SecondText } from './second-text.ts'
import { servedText, triedText } from './served-texts.ts'

/** A call with what only its end tells. */
export interface FinishedCall extends Pick<CallLineContext, 'traceId' | 'endedAt'> {
  readonly call: Call
  readonly end: End
}

/**
 * Writes calls as JSON: for each the text of its `callLine`, byte for byte. Put together of texts, those that recur kept, and
 * of as few as can be, because a string of many pieces is slow to write out: 1.0 µs for a call with one attempt, where the
 * object takes 6.4 to make and to print.
 */
export class CallLineTexts {
  readonly #rules: LoggingRules
  readonly #runId: string
  readonly #start = new SecondText(second => `{"ts":"${second}.`)

  constructor(runId: string, rules: LoggingRules = DEFAULT_LOGGING) {
    this.#rules = rules
    this.#runId = `Z","run_id":${JSON.stringify(runId)},"trace_id":"`
  }

  of({ call, end, traceId, endedAt }: FinishedCall): string {
    const { record } = call
    const { attempts } = record
    const answering = answeringAttempt(record)
    return (
      `${this.#start.of(record.startedAt)}${this.#run(call)}${traceId}","call_id":"${call.id}${servedText(call, answering)}` +
      this.#status(statusOf(end.outcome), end.failure, attempts) +
      secondsText(endedAt - record.start) +
      timeToFirst(record.start, answering?.firstAt) +
      costMembers(call, callCharge(attempts)) +
      tokenMembers(answering?.usage ?? end.usage) +
      flagMembers(call) +
      this.#saidByCaller(call) +
      (record.classification
        ? `,"classification":${JSON.stringify(record.classification)}`
        : ',"classification":null') +
      this.#attempts(attempts)
    )
  }

  #run({ options: { metadata } }: Call): string {
    const own = runIdOf(metadata)
    return own === undefined ? this.#runId : `Z","run_id":${JSON.stringify(own)},"trace_id":"`
  }

  /** Up to the name of the latency, so that of most lines it is one text. */
  #status(status: LineStatus | 'pending', failure: Failure | undefined, attempts: readonly AttemptRecord[]): string {
    if (!failure) return UNFAILED[status]
    const message = JSON.stringify(failureText(failure, attempts, this.#rules))
    return `,"status":"${status}","error":"${failure.kind}","error_message":${message},"latency_s":`
  }

  #saidByCaller({ options }: Call): string {
    const { metadata, sessionId, caller } = options
    const tags = tagsOf(options)
    return (
      (tags.length === 0 && !metadata
        ? ',"tags":[],"metadata":{}'
        : `,"tags":${JSON.stringify(tags)},"metadata":${JSON.stringify(metadata ?? {})}`) +
      (sessionId === undefined ? '' : `,"session_id":${JSON.stringify(sessionId)}`) +
      (caller && this.#rules.keys ? `,"key_id":${JSON.stringify(caller.keyId)}` : '')
    )
  }

  #attempts(attempts: readonly AttemptRecord[]): string {
    let text = ',"attempts":['
    let separator = ''
    for (const attempt of attempts) {
      text += this.#attempt(attempt, separator)
      separator = ','
    }
    return `${text}]}`
  }

  #attempt(attempt: AttemptRecord, separator: string): string {
    const { start, endedAt, firstAt, outcome, cost, charge, droppedParameters } = attempt
    return (
      `${separator}{"n":${attempt.number},"id":"${attempt.id}${triedText(attempt)}` +
      this.#status(outcome ? statusOf(outcome) : 'pending', attempt.failure, [attempt]) +
      (endedAt === undefined ? 'null' : secondsText(endedAt - start)) +
      timeToFirst(start, firstAt) +
      (cost === undefined ? ',"cost_usd":null' : `,"cost_usd":${dollarsText(cost)}`) +
      (charge ? `,"charged_usd":${dollarsText(charge.total)}` : '') +
      (droppedParameters ? `,"dropped_params":${JSON.stringify(droppedParameters)}` : '') +
      `${tokenMembers(attempt.usage)}}`
    )
  }
}

const UNFAILED: Readonly<Record<LineStatus | 'pending', string>> = {
  ok: ',"status":"ok","error":null,"latency_s":',
  error: ',"status":"error","error":null,"latency_s":',
  aborted: ',"status":"aborted","error":null,"latency_s":',
  pending: ',"status":"pending","error":null,"latency_s":',
}

function timeToFirst(start: Ms, at: Ms | undefined): string {
  return at === undefined ? ',"ttft_s":null' : `,"ttft_s":${secondsText(at - start)}`
}

function costMembers({ record }: Call, charge: CallCharge | undefined): string {
  const cost = isCostUnknown(record)
    ? ',"cost_usd":null,"cost_nano_usd":null'
    : `,"cost_usd":${dollarsText(record.cost)},"cost_nano_usd":${exactText(record.cost)}`
  const charged = charge ? cost + chargeMembers(charge) : cost
  return record.unpriced ? `${charged},"unpriced":true` : `${charged},"unpriced":false`
}

function chargeMembers({ total, discount, margin }: CallCharge): string {
  return (
    `,"charged_usd":${dollarsText(total)},"charged_nano_usd":${exactText(total)}` +
    `,"discount_usd":${dollarsText(discount)},"margin_usd":${dollarsText(margin)}`
  )
}

const NO_TOKENS = ',"prompt_tokens":null,"completion_tokens":null,"estimated":false'

function tokenMembers(usage: Usage | undefined): string {
  if (!usage) return NO_TOKENS
  const { cacheReadTokens, reasoningTokens } = usage
  const details = usageDetails(usage)
  return (
    `,"prompt_tokens":${count(usage.inputTokens)},"completion_tokens":${count(usage.outputTokens)}` +
    (cacheReadTokens === undefined ? '' : `,"cached_tokens":${count(cacheReadTokens)}`) +
    (reasoningTokens === undefined ? '' : `,"reasoning_tokens":${count(reasoningTokens)}`) +
    (details === undefined ? '' : `,"usage_details":${JSON.stringify(details)}`) +
    (usage.estimated === true ? ',"estimated":true' : ',"estimated":false')
  )
}

/** Upstreams tell them: JSON has no text for the infinite. */
function count(tokens: number): string {
  return Number.isFinite(tokens) ? `${tokens}` : 'null'
}

function flagMembers({ record, request }: Call): string {
  const fallback = record.fallbacks > 0 ? ',"fallback_triggered":true' : ',"fallback_triggered":false'
  const queued = record.queuedMs === undefined ? fallback : `${fallback},"queued_s":${secondsText(record.queuedMs)}`
  return request.streamed ? `${queued},"stream":true` : `${queued},"stream":false`
}
