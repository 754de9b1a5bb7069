import { z } from 'zod'
import type { Ms } from '../core/clock.ts'
import type { Json } from '../core/json.ts'
import { isPeriod } from '../core/period.ts'

/** Ids and names of people's own making: no control characters, at most 256 characters. */
export const id = z
  .string()
  .min(1)
  .max(256)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'must not hold control characters')

/** Names of pools, tags, routes. */
export const names = z.array(id).max(1_000)

/** Free text of one or few lines. */
export const text = z.string().max(4_096)

/** US dollars, at most a billion: so that no sum of them leaves 64 bits. */
export const usd = z.number().min(0).max(1_000_000_000)

/** A count per minute, or at once. 0 lets nothing through. */
export const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const
const DURATION = /^(\d{1,6})(mo|[smhdw])$/

/** How a duration is written, for those who wrote none. */
export const DURATION_SAID = 'must be a number with a unit: 30s, 45m, 12h, 30d, 2w or 1mo'

/** `30s`, `45m`, `12h`, `30d`, `2w`, `1mo`; at least one of it. */
export const duration = z
  .string()
  .max(16)
  // Otherwise a union of this and other forms would tell of this one only.
  .refine(said => DURATION.test(said) && !/^0+\D/.test(said), { error: DURATION_SAID, abort: true })

/** How long a budget runs: a duration, or a span of UTC's calendar (`core/budget.ts`). */
export const budgetDuration = z
  .string()
  .max(16)
  .transform(said => CALENDAR[said] ?? said)
  .refine(isPeriod, `${DURATION_SAID}, or hourly, daily, weekly, monthly`)

const CALENDAR: Readonly<Record<string, string>> = Object.assign(Object.create(null), {
  hourly: 'hour',
  daily: 'day',
  weekly: 'week',
  monthly: 'month',
})

/** When a duration that begins at `from` (epoch ms) is over: to the millisecond; months by UTC's calendar. */
export function endOf(said: string, from: Ms): Ms {
  const [, digits = '', unit = ''] = DURATION.exec(said) ?? []
  if (unit === 'mo') return monthsAfter(from, Number(digits))
  return from + Number(digits) * (UNITS[unit as keyof typeof UNITS] ?? 0)
}

/** The same day and time so many months later; the month's last day where it has no such day. */
function monthsAfter(from: Ms, months: number): Ms {
  const at = new Date(from)
  const day = at.getUTCDate()
  at.setUTCDate(1)
  at.setUTCMonth(at.getUTCMonth() + months)
  const last = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0)).getUTCDate()
  at.setUTCDate(Math.min(day, last))
  return at.getTime()
}

const MAX_KEYS = 64
const MAX_NAME = 128
const MAX_TEXT = 8_192
const MAX_DEPTH = 8
const MAX_BYTES = 65_536

/**
 * A free JSON object with bounds (`metadata`): 8 levels, 64 members each, names of 128 and texts of 8,192 characters, 64 KiB
 * in all.
 */
export const metadata = z
  .custom<Readonly<Record<string, Json>>>(value => isPlain(value) && problemIn(value) === undefined, {
    error: issue => (isPlain(issue.input) ? (problemIn(issue.input) ?? 'is not valid') : 'must be an object'),
  })
  .describe('a JSON object')

/** `metadata` of what gives tags to its calls: they are a list of texts there too. */
export const taggedMetadata = metadata.superRefine(({ tags }, context) => {
  if (tags === undefined || tags === null || names.safeParse(tags).success) return
  context.addIssue({ code: 'custom', path: ['tags'], message: 'must be a list of texts' })
})

/** A table by name: pools, tags. At most 1,000 entries. */
export function table<Value extends z.ZodType>(value: Value) {
  return z
    .record(id, value)
    .refine(entries => Object.keys(entries).length <= 1_000, 'must not have more than 1,000 entries')
}

function isPlain(value: unknown): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function problemIn(value: unknown): string | undefined {
  const problem = nestedProblem(value, 0)
  if (problem) return problem
  const size = value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value))
  return size > MAX_BYTES ? `must not be larger than ${MAX_BYTES} bytes` : undefined
}

function nestedProblem(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return value.length > MAX_TEXT ? `holds a text over ${MAX_TEXT} characters` : undefined
  if (typeof value !== 'object' || value === null) return undefined
  if (depth >= MAX_DEPTH) return `nests deeper than ${MAX_DEPTH} levels`
  const names = Array.isArray(value) ? [] : Object.keys(value)
  const members: readonly unknown[] = Object.values(value)
  if (members.length > (Array.isArray(value) ? 1_000 : MAX_KEYS)) return 'has too many members'
  if (names.some(name => name.length > MAX_NAME || name === '__proto__')) return 'has a name that is not allowed'
  for (const member of members) {
    const problem = nestedProblem(member, depth + 1)
    if (problem) return problem
  }
  return undefined
}

/** Numbers and yes-or-no in queries, where everything is text. */
export const queryNumber = (least: number, most: number) => z.coerce.number().int().min(least).max(most)
export const queryFlag = z
  .enum(['true', 'false', 'True', 'False', '1', '0'])
  .transform(said => /^(true|1)$/i.test(said))

/** Several of one name in a query, or one with commas. */
export const queryNames = z
  .union([id.transform(said => said.split(',').filter(Boolean)), names], { error: 'must be names with commas between' })
  .pipe(z.array(id).max(1_000))

/** `page` counts from 1; `size` is at most 100. */
export const paging = {
  page: queryNumber(1, 1_000_000).default(1),
  size: queryNumber(1, 100).default(10),
} as const

/**
 * The pattern of a LIKE that finds a text anywhere; what the text holds of LIKE's own signs stands for itself. To be used
 * with `escape '\'`.
 */
export function likeAnywhere(said: string): string {
  return `%${said.replace(/[\\%_]/g, '\\$&')}%`
}
