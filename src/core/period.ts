import type { Period } from './budget.ts'
import type { Ms } from './clock.ts'
import { Failure } from './failure.ts'

const SECOND = 1000
const HOUR = 3_600_000
const DAY = 24 * HOUR
const UNIT_MS: Readonly<Record<string, Ms>> = { s: SECOND, m: 60 * SECOND, h: HOUR, d: DAY, w: 7 * DAY }
/** 100 years: what is longer is `total`, or a slip of the pen. */
const LONGEST_MS = 36_525 * DAY
const LONGEST_MONTHS = 1_200

/** What may stand where a period is asked, for the errors that name it. */
export const PERIOD_FORMS =
  'total, hour, day, week or month, or a count with a unit (30s, 45m, 12h, 30d, 2w, 1mo) of at most 100 years'

/** A count with its unit, read from a text such as `30d`; undefined for named periods and for what is no period. */
function countOf(text: string): { readonly count: number; readonly unit: string } | undefined {
  const match = /^(\d{1,12})(mo|[smhdw])$/.exec(text)
  const count = Number(match?.[1])
  const unit = match?.[2]
  if (!unit || count < 1) return undefined
  const fits = unit === 'mo' ? count <= LONGEST_MONTHS : count * (UNIT_MS[unit] ?? 0) <= LONGEST_MS
  return fits ? { count, unit } : undefined
}

/** Names and their other names. */
const NAMED: ReadonlyMap<string, Period> = new Map([
  ['total', 'total'],
  ['hour', 'hour'],
  ['hourly', 'hour'],
  ['day', 'day'],
  ['daily', 'day'],
  ['week', 'week'],
  ['weekly', 'week'],
  ['month', 'month'],
  ['monthly', 'month'],
])

/**
 * Reads a period as `Period` describes it; undefined when it is none. `hourly`, `daily`, `weekly` and `monthly` are other
 * names; leading zeros and case do not matter.
 */
export function parsePeriod(text: string): Period | undefined {
  const plain = text.trim().toLowerCase()
  const read = countOf(plain)
  return NAMED.get(plain) ?? (read && `${read.count}${read.unit}`)
}

/** Whether the text is a period in the form that `parsePeriod` returns. */
export function isPeriod(text: string): boolean {
  return parsePeriod(text) === text
}

/**
 * The end of the window that begins at `windowStart`: undefined for `total`. A month added to a day that the next month
 * lacks ends on that month's last day.
 * @throws Failure when the period is none.
 */
export function nextReset(period: Period, windowStart: Ms): Ms | undefined {
  if (period === 'total') return undefined
  const begin = calendarStart(period, windowStart)
  if (begin !== undefined) return calendarEnd(period, begin)
  const read = countOf(period)
  if (!read) {
    const message = `"${period}" is not a budget period: use ${PERIOD_FORMS}`
    throw new Failure('invalid_request', message, { code: 'invalid_budget_period' })
  }
  return read.unit === 'mo' ? addMonths(windowStart, read.count) : windowStart + read.count * (UNIT_MS[read.unit] ?? 0)
}

/**
 * Where the window begins in which `now` lies, of a budget whose window began at `start`: there while that one lasts, also
 * when the clock went back or the period was changed; else where the latest began. Months are passed over one by one, so
 * that the result does not depend on when somebody looked.
 */
export function latestStart(period: Period, start: Ms, now: Ms): Ms {
  let from = start
  for (;;) {
    const end = nextReset(period, from)
    if (end === undefined || now < end) return from
    from = calendarStart(period, now) ?? (period.endsWith('mo') ? end : now - ((now - from) % (end - from)))
  }
}

/** Where the calendar's hour, day, week or month began that holds the moment; undefined for other periods. */
function calendarStart(period: Period, at: Ms): Ms | undefined {
  switch (period) {
    case 'hour':
      return Math.floor(at / HOUR) * HOUR
    case 'day':
      return Math.floor(at / DAY) * DAY
    case 'week': {
      // The first of January 1970 was a Thursday, three days after a Monday.
      const day = Math.floor(at / DAY)
      return (Math.floor((day + 3) / 7) * 7 - 3) * DAY
    }
    case 'month': {
      const date = new Date(at)
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth())
    }
    default:
      return undefined
  }
}

function calendarEnd(period: Period, start: Ms): Ms {
  if (period === 'month') return addMonths(start, 1)
  return start + (period === 'hour' ? HOUR : period === 'day' ? DAY : 7 * DAY)
}

function addMonths(at: Ms, months: number): Ms {
  const date = new Date(at)
  const day = date.getUTCDate()
  date.setUTCDate(1)
  date.setUTCMonth(date.getUTCMonth() + months)
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  date.setUTCDate(Math.min(day, last))
  return date.getTime()
}
