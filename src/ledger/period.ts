import type { Period } from '../core/budget.ts'
import type { Ms } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'

const SECOND: Ms = 1000
const DAY: Ms = 86_400 * SECOND
const WEEK: Ms = 7 * DAY
const LENGTHS: Readonly<Record<string, Ms>> = { s: SECOND, m: 60 * SECOND, h: 3600 * SECOND, d: DAY, w: WEEK }
/** 5 January 1970 was a Monday. */
const FIRST_MONDAY: Ms = 4 * DAY
/** Longer windows are somebody's slip of the pen, and dates must stay within what a `Date` can say. */
const LONGEST: Ms = 36_525 * DAY
const LONGEST_MONTHS = 1200

/** How windows follow each other: never, at fixed lengths from some origin, or by months. */
type Rhythm =
  | { readonly kind: 'never' }
  | { readonly kind: 'length'; readonly length: Ms; readonly origin: Ms | undefined }
  | { readonly kind: 'months'; readonly months: number; readonly calendar: boolean }

const CALENDAR: Readonly<Record<string, Rhythm>> = {
  total: { kind: 'never' },
  hour: { kind: 'length', length: 3600 * SECOND, origin: 0 },
  day: { kind: 'length', length: DAY, origin: 0 },
  week: { kind: 'length', length: WEEK, origin: FIRST_MONDAY },
  month: { kind: 'months', months: 1, calendar: true },
}

/** Whether a text is a period that `nextReset` understands (`Period` in core/budget.ts). */
export function isPeriod(text: string): boolean {
  return rhythmOf(text) !== undefined
}

/** When a window that began at `windowStart` ends, by UTC. Undefined: never. @throws Failure when it is no period. */
export function nextReset(period: Period, windowStart: Ms): Ms | undefined {
  const rhythm = knownRhythm(period)
  switch (rhythm.kind) {
    case 'never':
      return undefined
    case 'length':
      return alignedStart(rhythm.length, rhythm.origin ?? windowStart, windowStart) + rhythm.length
    case 'months':
      return addMonths(rhythm.calendar ? monthStart(windowStart) : windowStart, rhythm.months)
  }
}

/** Where the window begins that holds `now`, of a budget that is new: at the calendar's boundary, else now. */
export function firstStart(period: Period, now: Ms): Ms {
  const rhythm = knownRhythm(period)
  if (rhythm.kind === 'length' && rhythm.origin !== undefined) return alignedStart(rhythm.length, rhythm.origin, now)
  return rhythm.kind === 'months' && rhythm.calendar ? monthStart(now) : now
}

/**
 * Where the window begins that holds `now`, when one window began at `start` (not after `now`). Months are counted from
 * `start` and end on the last day of a month that is too short.
 */
export function latestStart(period: Period, start: Ms, now: Ms): Ms {
  const rhythm = knownRhythm(period)
  switch (rhythm.kind) {
    case 'never':
      return start
    case 'length':
      return alignedStart(rhythm.length, rhythm.origin ?? start, now)
    case 'months':
      return rhythm.calendar ? monthStart(now) : monthsBefore(start, now, rhythm.months)
  }
}

function knownRhythm(period: Period): Rhythm {
  const rhythm = rhythmOf(period)
  if (rhythm) return rhythm
  throw new Failure(
    'invalid_request',
    `"${period}" is not a budget period: use total, hour, day, week, month, or a count with a unit such as 30s, 45m, 12h, 30d, 2w or 1mo (100 years at most)`,
    { code: 'invalid_budget_period' },
  )
}

function rhythmOf(text: string): Rhythm | undefined {
  if (Object.hasOwn(CALENDAR, text)) return CALENDAR[text]
  const match = /^([1-9]\d{0,9})(s|m|h|d|w|mo)$/.exec(text)
  if (!match) return undefined
  const count = Number(match[1])
  if (match[2] === 'mo') return count > LONGEST_MONTHS ? undefined : { kind: 'months', months: count, calendar: false }
  const length = count * (LENGTHS[match[2] ?? ''] ?? 0)
  return length > LONGEST ? undefined : { kind: 'length', length, origin: undefined }
}

function alignedStart(length: Ms, origin: Ms, now: Ms): Ms {
  return origin + Math.floor((now - origin) / length) * length
}

function monthStart(at: Ms): Ms {
  const date = new Date(at)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
}

function addMonths(at: Ms, months: number): Ms {
  const date = new Date(at)
  const day = date.getUTCDate()
  date.setUTCDate(1)
  date.setUTCMonth(date.getUTCMonth() + months)
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  return date.setUTCDate(Math.min(day, lastDay))
}

function monthsBefore(start: Ms, now: Ms, step: number): Ms {
  const [from, to] = [new Date(start), new Date(now)]
  const months = (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth()
  const steps = Math.floor(months / step)
  const latest = addMonths(start, steps * step)
  return latest <= now ? latest : addMonths(start, (steps - 1) * step)
}
