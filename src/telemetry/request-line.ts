import type { End } from '../core/answer.ts'
import type { AttemptRecord, Call } from '../core/call.ts'
import { type Clock, type Ms, systemClock } from '../core/clock.ts'
import { type Deployment, deploymentName } from '../core/deployment.ts'
import type { Failure } from '../core/failure.ts'
import type { LoggingRules } from '../core/logging.ts'
import { answeringAttempt, isCostUnknown } from './call-line.ts'
import { type Colours, NO_COLOURS, printable } from './colours.ts'
import { dollarsTo6DecimalsText } from './figures.ts'
import type { Listener } from './listeners.ts'
import { failureMessage } from './redact.ts'

/** The figures come first, because their widths are known; names, which have any length, stand where they disturb no column. */
const DURATION_WIDTH = 8
const FIRST_WIDTH = 11
const COST_WIDTH = 10
const TOKENS_WIDTH = 13

export interface RequestLineOptions {
  readonly colours?: Colours | undefined
  /** What the lines may hold. Default: everything. */
  readonly rules?: LoggingRules | undefined
}

/**
 * Calls for people, each on one line: when, how it ended, how long it took (and until the first token of a stream), cost,
 * tokens, from which pool to which model, what failed before, and why this one was chosen.
 */
export class RequestLines {
  readonly #colours: Colours
  readonly #rules: LoggingRules | undefined
  readonly #routes = new WeakMap<Deployment, Route>()
  /** Most calls begin in the second of the one before: asking for the local time takes longer than all the rest. */
  #second = Number.NaN
  #time = ''

  constructor({ colours = NO_COLOURS, rules }: RequestLineOptions = {}) {
    this.#colours = colours
    this.#rules = rules
  }

  /** `endedAt` is monotonic. */
  of(call: Call, end: End, endedAt: Ms): string {
    const { record } = call
    const answering = answeringAttempt(record)
    const duration = this.#colours.cyan(readableMs(endedAt - record.start).padStart(DURATION_WIDTH))
    const first = this.#colours.dim(untilFirst(call, answering).padStart(FIRST_WIDTH))
    const figures = `${cost(call).padStart(COST_WIDTH)}  ${tokens(answering).padStart(TOKENS_WIDTH)}`
    const remarks = this.#remarks(call, end, answering)
    const line = `${this.#timeOf(record.startedAt)}  ${this.#mark(end)}  ${duration}  ${first}  ${figures}  ${this.#where(call, answering)}`
    return remarks === '' ? line : `${line}  ${remarks}`
  }

  /** Local, as people at the terminal have it. */
  #timeOf(epochMs: Ms): string {
    const second = Math.floor(epochMs / 1000)
    if (second !== this.#second) {
      this.#time = this.#colours.dim(timeOfDay(epochMs))
      this.#second = second
    }
    return this.#time
  }

  #mark({ outcome }: End): string {
    if (outcome === 'complete') return this.#colours.green('✓')
    return outcome === 'abandoned' ? this.#colours.yellow('–') : this.#colours.red('✗')
  }

  /** `auto (math) → openai/gpt-4o`. */
  #where({ record }: Call, answering: AttemptRecord | undefined): string {
    const { requestedPool, classification } = record
    const asked = classification ? `${requestedPool} (${classification.task})` : requestedPool
    if (!answering) return `${this.#colours.bold(printable(asked))} → nobody`
    const { deployment } = answering
    let route = this.#routes.get(deployment)
    if (route?.asked !== asked) {
      route = { asked, text: `${this.#colours.bold(printable(asked))} → ${deploymentName(deployment)}` }
      this.#routes.set(deployment, route)
    }
    return route.text
  }

  /** What the caller was told, what failed before, and why the one that answered was chosen. */
  #remarks({ record: { attempts } }: Call, end: End, answering: AttemptRecord | undefined): string {
    const parts = end.failure ? [this.#ending(end, end.failure, attempts)] : []
    for (const { failure, deployment } of attempts)
      if (failure && failure !== end.failure)
        parts.push(this.#colours.yellow(`after ${deploymentName(deployment)} ${failure.kind}`))
    if (answering?.decision && !end.failure) parts.push(this.#colours.dim(printable(answering.decision.reason)))
    return parts.join(this.#colours.dim(' · ')).trimEnd()
  }

  #ending({ outcome }: End, failure: Failure, attempts: readonly AttemptRecord[]): string {
    const tried = attempts.map(attempt => attempt.deployment)
    const message = failureMessage(failure, tried, this.#rules)
    const paint = outcome === 'abandoned' ? this.#colours.yellow : this.#colours.red
    return paint(`${failure.kind}: ${printable(message)}`)
  }
}

/** Where the last call went that was answered there: mostly the next one goes the same way. */
interface Route {
  readonly asked: string
  readonly text: string
}

function tokens(answering: AttemptRecord | undefined): string {
  const usage = answering?.usage
  if (!usage) return '– tok'
  return `${usage.estimated ? '~' : ''}${usage.inputTokens}+${usage.outputTokens} tok`
}

/** What has no price is not shown as free. */
function cost({ record }: Call): string {
  if (isCostUnknown(record)) return 'unpriced'
  return record.unpriced ? `≥$${dollarsTo6DecimalsText(record.cost)}` : `$${dollarsTo6DecimalsText(record.cost)}`
}

function untilFirst({ request, record }: Call, answering: AttemptRecord | undefined): string {
  if (!request.streamed || answering?.firstAt === undefined) return ''
  return `↦ ${readableMs(answering.firstAt - record.start)}`
}

/** `52 ms`, `1.35 s`, `2 min 5 s`. */
export function readableMs(ms: Ms): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 59_995) return `${(ms / 1000).toFixed(2)} s`
  const whole = Math.round(ms / 1000)
  return `${Math.floor(whole / 60)} min ${whole % 60} s`
}

function timeOfDay(epochMs: Ms): string {
  const date = new Date(epochMs)
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(part => String(part).padStart(2, '0')).join(':')
}

export interface PrintCallsOptions extends RequestLineOptions {
  /** Takes a line without its end. */
  readonly print: (line: string) => void
  readonly clock?: Clock
}

/** Prints one line at the end of every call that answers; classifying and mirrored ones would only confuse. */
export function printCalls({ print, clock = systemClock, ...options }: PrintCallsOptions): Listener {
  const lines = new RequestLines(options)
  return event => {
    if (event.type !== 'call-end' || event.call.purpose !== 'answer') return
    print(lines.of(event.call, event.end, clock.monotonic()))
  }
}
