import type { End } from '../core/answer.ts'
import type { AttemptRecord, Call } from '../core/call.ts'
import { type Clock, type Ms, systemClock } from '../core/clock.ts'
import { deploymentName } from '../core/deployment.ts'
import type { LoggingRules } from '../core/logging.ts'
import { formatUsd } from '../core/money.ts'
import { answeringAttempt, isCostUnknown } from './call-line.ts'
import { type Colours, NO_COLOURS, printable } from './colours.ts'
import type { Listener } from './listeners.ts'
import { failureMessage } from './redact.ts'

export interface RequestLineContext {
  /** Monotonic time of the end. */
  readonly endedAt: Ms
  readonly colours?: Colours
  /** What the line may hold. Default: everything. */
  readonly rules?: LoggingRules | undefined
}

/** The figures come first, because their widths are known; names, which have any length, stand where they disturb no column. */
const DURATION_WIDTH = 8
const FIRST_WIDTH = 11
const COST_WIDTH = 10
const TOKENS_WIDTH = 13

/**
 * One call for people, on one line: when, how it ended, how long it took (and until the first token of a stream), cost,
 * tokens, from which pool to which model, what failed before, and why this one was chosen.
 */
export function requestLine(call: Call, end: End, context: RequestLineContext): string {
  const { endedAt, colours = NO_COLOURS } = context
  const answering = answeringAttempt(call.record)
  const columns = [
    colours.dim(timeOfDay(call.record.startedAt)),
    mark(end, colours),
    colours.cyan(readableMs(endedAt - call.record.start).padStart(DURATION_WIDTH)),
    colours.dim(untilFirst(call, answering).padStart(FIRST_WIDTH)),
    cost(call).padStart(COST_WIDTH),
    tokens(answering).padStart(TOKENS_WIDTH),
    where(call, answering, colours),
    remarks(call, end, { answering, colours, rules: context.rules }),
  ]
  return columns.join('  ').trimEnd()
}

function mark(end: End, colours: Colours): string {
  if (end.outcome === 'complete') return colours.green('✓')
  return end.outcome === 'abandoned' ? colours.yellow('–') : colours.red('✗')
}

/** `auto (math) → openai/gpt-4o`. */
function where(call: Call, answering: AttemptRecord | undefined, colours: Colours): string {
  const { requestedPool, classification } = call.record
  const asked = printable(classification ? `${requestedPool} (${classification.task})` : requestedPool)
  return `${colours.bold(asked)} → ${answering ? deploymentName(answering.deployment) : 'nobody'}`
}

function tokens(answering: AttemptRecord | undefined): string {
  const usage = answering?.usage
  if (!usage) return '– tok'
  return `${usage.estimated ? '~' : ''}${usage.inputTokens}+${usage.outputTokens} tok`
}

/** What has no price is not shown as free. */
function cost({ record }: Call): string {
  if (isCostUnknown(record)) return 'unpriced'
  return `${record.unpriced ? '≥' : ''}$${formatUsd(record.cost, 6)}`
}

function untilFirst({ request, record }: Call, answering: AttemptRecord | undefined): string {
  if (!request.streamed || answering?.firstAt === undefined) return ''
  return `↦ ${readableMs(answering.firstAt - record.start)}`
}

/** What the caller was told, what failed before, and why the one that answered was chosen. */
interface Shown {
  readonly answering: AttemptRecord | undefined
  readonly colours: Colours
  readonly rules: LoggingRules | undefined
}

function remarks(call: Call, end: End, shown: Shown): string {
  const { answering, colours } = shown
  const failed = call.record.attempts
    .filter(attempt => attempt.failure && attempt.failure !== end.failure)
    .map(attempt => colours.yellow(`after ${deploymentName(attempt.deployment)} ${attempt.failure?.kind}`))
  const reason = answering?.decision && !end.failure ? [colours.dim(printable(answering.decision.reason))] : []
  return [...ending(call, end, shown), ...failed, ...reason].join(colours.dim(' · '))
}

function ending({ record }: Call, { outcome, failure }: End, { colours, rules }: Shown): string[] {
  if (!failure) return []
  const message = failureMessage(
    failure,
    record.attempts.map(attempt => attempt.deployment),
    rules,
  )
  const paint = outcome === 'abandoned' ? colours.yellow : colours.red
  return [paint(`${failure.kind}: ${printable(message)}`)]
}

/** `52 ms`, `1.35 s`, `2 min 5 s`. */
export function readableMs(ms: Ms): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 59_995) return `${(ms / 1000).toFixed(2)} s`
  const whole = Math.round(ms / 1000)
  return `${Math.floor(whole / 60)} min ${whole % 60} s`
}

/** Local time, as people at the terminal have it. */
function timeOfDay(epochMs: Ms): string {
  const date = new Date(epochMs)
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(part => String(part).padStart(2, '0')).join(':')
}

export interface PrintCallsOptions {
  /** Takes a line without its end. */
  readonly print: (line: string) => void
  readonly colours?: Colours
  readonly rules?: LoggingRules
  readonly clock?: Clock
}

/** Prints one line at the end of every call that answers; classifying and mirrored ones would only confuse. */
export function printCalls({ print, colours = NO_COLOURS, rules, clock = systemClock }: PrintCallsOptions): Listener {
  return event => {
    if (event.type !== 'call-end' || event.call.purpose !== 'answer') return
    print(requestLine(event.call, event.end, { endedAt: clock.monotonic(), colours, rules }))
  }
}
