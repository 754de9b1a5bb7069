import type { End } from '../core/answer.ts'
import type { AttemptRecord, Call } from '../core/call.ts'
import { type Clock, type Ms, systemClock } from '../core/clock.ts'
import { deploymentName } from '../core/deployment.ts'
import { formatUsd } from '../core/money.ts'
import { answeringAttempt } from './call-line.ts'
import { type Colours, NO_COLOURS, printable } from './colours.ts'
import type { Listener } from './listeners.ts'
import { failureMessage } from './redact.ts'

export interface RequestLineContext {
  /** Monotonic time of the end. */
  readonly endedAt: Ms
  readonly colours?: Colours
}

/** Widths of the columns; longer text is never cut but pushes the rest of its line to the right. */
const WHERE_WIDTH = 44
const TOKENS_WIDTH = 13
const COST_WIDTH = 11
const TIME_WIDTH = 20

/**
 * One call for people, on one line: when, from which pool to which model, tokens, cost, time (to the first token), why, and
 * what failed before.
 */
export function requestLine(call: Call, end: End, { endedAt, colours = NO_COLOURS }: RequestLineContext): string {
  const answering = answeringAttempt(call.record)
  const columns = [
    colours.dim(timeOfDay(call.record.startedAt)),
    mark(end, colours),
    where(call, answering, colours),
    tokens(answering).padStart(TOKENS_WIDTH),
    cost(call).padStart(COST_WIDTH),
    colours.cyan(duration(call, answering, endedAt).padEnd(TIME_WIDTH)),
    remarks(call, end, answering, colours),
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
  const target = answering ? deploymentName(answering.deployment) : 'nobody'
  const padding = ' '.repeat(Math.max(0, WHERE_WIDTH - asked.length - target.length - 3))
  return `${colours.bold(asked)} → ${target}${padding}`
}

function tokens(answering: AttemptRecord | undefined): string {
  const usage = answering?.usage
  if (!usage) return '– tok'
  return `${usage.estimated ? '~' : ''}${usage.inputTokens}+${usage.outputTokens} tok`
}

/** What has no price is not shown as free. */
function cost({ record }: Call): string {
  if (record.unpriced && record.cost === 0n) return 'no price'
  return `${record.unpriced ? '≥' : ''}$${formatUsd(record.cost, 6)}`
}

function duration(call: Call, answering: AttemptRecord | undefined, endedAt: Ms): string {
  const total = readableMs(endedAt - call.record.start)
  if (!call.request.streamed || answering?.firstAt === undefined) return total
  return `${total} (first ${readableMs(answering.firstAt - call.record.start)})`
}

/** The reason of the choice; before it what failed, and after it what the caller was told. */
function remarks(call: Call, end: End, answering: AttemptRecord | undefined, colours: Colours): string {
  const failed = call.record.attempts
    .filter(attempt => attempt !== answering && attempt.failure)
    .map(attempt => colours.yellow(`after ${deploymentName(attempt.deployment)} ${attempt.failure?.kind}`))
  const reason = answering?.decision ? [colours.dim(printable(answering.decision.reason))] : []
  return [...ending(call, end, colours), ...failed, ...reason].join(colours.dim(' · '))
}

function ending({ record }: Call, { outcome, failure }: End, colours: Colours): string[] {
  if (!failure) return []
  const message = failureMessage(
    failure,
    record.attempts.map(attempt => attempt.deployment),
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
  readonly clock?: Clock
}

/** Prints one line at the end of every call. */
export function printCalls({ print, colours = NO_COLOURS, clock = systemClock }: PrintCallsOptions): Listener {
  return event => {
    if (event.type === 'call-end') print(requestLine(event.call, event.end, { endedAt: clock.monotonic(), colours }))
  }
}
