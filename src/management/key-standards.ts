import type { AccessSettings, KeyCeilings } from '../core/access-settings.ts'
import type { Ms } from '../core/clock.ts'
import { nanoToUsd } from '../core/money.ts'
import { badRequest } from './errors.ts'
import { duration, endOf } from './fields.ts'
import type { KeyRequest } from './key-draft.ts'

/**
 * A request for a new key as the configuration has it: absent fields get their defaults, and else what is the most
 * (`default_key_generate_params`, `upperbound_key_generate_params`).
 * @throws Failure `invalid_request` when more is asked for than is the most
 */
export function standardised(said: KeyRequest, access: AccessSettings | undefined, now: Ms): KeyRequest {
  if (!access) return said
  const { keyDefaults, keyCeilings, keySoftLimit } = access
  const given = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined && value !== null))
  const all: KeyRequest = { ...said, ...keyDefaults, ...given }
  requireUnder(all, keyCeilings, now)
  const filled: KeyRequest = { ...keyCeilings, ...present(all) }
  const hasBudget = filled.max_budget !== undefined && (filled.soft_budget ?? undefined) === undefined
  return hasBudget && keySoftLimit !== undefined ? { ...filled, soft_budget: nanoToUsd(keySoftLimit) } : filled
}

function present(said: KeyRequest): KeyRequest {
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined && value !== null))
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
