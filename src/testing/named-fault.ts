import { type Fault, fault } from './fault.ts'

const makers: Readonly<Record<string, () => Fault>> = {
  reset: fault.reset,
  'hang-up': fault.hangUp,
  hang: fault.hang,
  cut: () => fault.cut('close'),
  truncate: () => fault.cut('end'),
  stall: () => fault.stall(),
  'slow-headers': () => fault.slowHeaders({ delayMs: 5000 }),
  'slow-body': () => fault.slowBody(20),
  garbage: fault.garbage,
  html: fault.html,
  'error-in-ok': () => fault.errorInOk(),
  'stream-error': () => fault.streamError(),
  'no-usage': fault.noUsage,
  'no-done': fault.noDone,
  'long-line': () => fault.longLine(),
  'gzip-bomb': () => fault.gzipBomb(),
}

/** The words that `namedFault` knows, beside statuses. */
export const FAULT_NAMES: readonly string[] = Object.keys(makers)

/**
 * The fault of that name, for command lines and configuration: one of `FAULT_NAMES`, or a status from 300 to 599; a
 * 429 comes with `retry-after: 1`. Undefined when there is none of that name.
 */
export function namedFault(name: string): Fault | undefined {
  if (/^[345]\d\d$/.test(name)) return fault.status(Number(name), name === '429' ? { retryAfter: '1' } : {})
  return Object.hasOwn(makers, name) ? makers[name]?.() : undefined
}
