import { z } from 'zod'
import type { Ms } from '../core/clock.ts'
import { badRequest } from './errors.ts'

export const DAY_MS: Ms = 86_400_000

/** The longest range of one request: further back, ask once more. */
const MAX_DAYS = 400

/** A date, or a date and a time, both in UTC: `2026-01-31`, `2026-01-31 13:00:00`, `2026-01-31T13:00:00Z`. */
const DATE = /^\d{4}-\d\d-\d\d$/
const TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|\+00:00)?$/

export const dateText = z
  .string()
  .max(32)
  .refine(said => (DATE.test(said) || TIME.test(said)) && !Number.isNaN(instantOf(said)), 'must be a date: 2026-01-31')

export const dateFields = { start_date: dateText.optional(), end_date: dateText.optional() } as const

/** From `from` on and before `until`, epoch ms. */
export interface Range {
  readonly from: Ms
  readonly until: Ms
}

interface Said {
  readonly start_date?: string | undefined
  readonly end_date?: string | undefined
}

/**
 * What two dates mean: the days of both are within it, and a time ends it at its very moment. Without an end it ends at the
 * end of today; without a start it has `days` days. @throws Failure when it ends before it begins, or is too long.
 */
export function rangeOf({ start_date, end_date }: Said, now: Ms, days: number): Range {
  const until =
    end_date === undefined ? endOfDay(now) : DATE.test(end_date) ? endOfDay(instantOf(end_date)) : instantOf(end_date)
  const from = start_date === undefined ? endOfDay(until - 1) - days * DAY_MS : instantOf(start_date)
  if (from >= until) throw badRequest('start_date must be before end_date', 'start_date')
  if (until - from > MAX_DAYS * DAY_MS) throw badRequest(`ask for at most ${MAX_DAYS} days at once`, 'start_date')
  return { from, until }
}

/** The days of a range, the first one first, as LiteLLM writes them: `2026-01-31`. */
export function daysOf({ from, until }: Range): readonly string[] {
  const days: string[] = []
  for (let at = Math.floor(from / DAY_MS) * DAY_MS; at < until; at += DAY_MS) days.push(dayText(at / DAY_MS))
  return days
}

/** The date of a day that is counted from 1970. */
export function dayText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

function endOfDay(at: Ms): Ms {
  return (Math.floor(at / DAY_MS) + 1) * DAY_MS
}

/** NaN for a date that there is not. */
function instantOf(said: string): Ms {
  const [date = '', time] = said.replace(/(Z|\+00:00)$/, '').split(/[T ]/)
  const day = Date.parse(`${date}T00:00:00Z`)
  // The 31st of February would become the 3rd of March.
  if (Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== date) return Number.NaN
  return time === undefined ? day : Date.parse(`${date}T${time}Z`)
}
