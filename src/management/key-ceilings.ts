import type { KeyCeilings } from '../core/access-settings.ts'
import type { Ms } from '../core/clock.ts'
import { badRequest } from './errors.ts'
import { duration, endOf } from './fields.ts'
import type { KeyRequest } from './key-draft.ts'

/**
 * A request for a new key with no more than is the most, which is also what it gets where it does not say
 * (`upperbound_key_generate_params`).
 * @throws Failure `invalid_request` when it asks for more
 */
export function underCeilings(said: KeyRequest, ceilings: KeyCeilings | undefined, now: Ms): KeyRequest {
  if (!ceilings) return said
  requireUnder(said, ceilings, now)
  const given = Object.entries(said).filter(([, value]) => value !== undefined && value !== null)
  return { ...said, ...ceilings, ...Object.fromEntries(given) }
}

function requireUnder(said: KeyRequest, ceilings: KeyCeilings, now: Ms): void {
  for (const [name, most] of Object.entries(ceilings)) {
    const asked = said[name]
    if (asked === undefined || asked === null || !isMore(asked, most, now)) continue
    throw badRequest(`${name} may be ${most} at most (upperbound_key_generate_params)`, name)
  }
}

/** Numbers by themselves, periods by when they would end. What cannot be compared is more. */
function isMore(asked: unknown, most: number | string, now: Ms): boolean {
  if (typeof asked === 'number' && typeof most === 'number') return asked > most
  if (typeof asked !== 'string' || typeof most !== 'string') return true
  return lengthOf(asked, now) > lengthOf(most, now)
}

const CALENDAR: Readonly<Record<string, string>> = { hour: '1h', day: '1d', week: '1w', month: '1mo' }

function lengthOf(period: string, now: Ms): Ms {
  const said = CALENDAR[period] ?? period
  return duration.safeParse(said).success ? endOf(said, now) : Number.POSITIVE_INFINITY
}
