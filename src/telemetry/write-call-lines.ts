import type { Call } from '../core/call.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import type { LoggingRules } from '../core/logging.ts'
import { CallLineTexts, type FinishedCall } from './call-line-text.ts'
import type { JsonLines } from './json-lines.ts'
import type { Listener } from './listeners.ts'

export interface CallLinesOptions {
  /** Each of them takes every line. */
  readonly lines: readonly Pick<JsonLines, 'write'>[]
  readonly runId: string
  readonly traceIdOf: (call: Call) => string
  readonly rules?: LoggingRules
  readonly clock?: Clock
}

/**
 * Writes one line at the end of every call. A classifying call has none of its own: it shares the record of the call that it
 * serves, whose line holds its attempts and its cost.
 */
export function writeCallLines({ lines, runId, traceIdOf, rules, clock = systemClock }: CallLinesOptions): Listener {
  const texts = new CallLineTexts(runId, rules)
  const textOf = (finished: FinishedCall) => texts.of(finished)
  return event => {
    if (event.type !== 'call-end' || event.call.purpose === 'classify') return
    const { call, end } = event
    const finished = { call, end, traceId: traceIdOf(call), endedAt: clock.monotonic() }
    for (const into of lines) into.write(finished, textOf)
  }
}

/** JSON lines that are printed; `print` takes a line without its end. */
export function printedLines(print: (line: string) => void): Pick<JsonLines, 'write'> {
  return { write: (value, textOf = JSON.stringify) => print(textOf(value)) }
}
