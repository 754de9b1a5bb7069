import type { AccessSettings, KeyCeilings } from '../core/access-settings.ts'
import { nextReset, parsePeriod } from '../core/period.ts'
import type { Issue, Operation, Schema } from './operation.ts'

type Configured = Pick<AccessSettings, 'keyDefaults' | 'userDefaults' | 'teamDefaults' | 'keyCeilings'>
type Sent = Readonly<Record<string, unknown>>

/**
 * The operations with what is configured of new keys, users and teams: a field that a request does not set has its default,
 * a new key's the ceiling, and no key may be given more than a ceiling. Null counts as not set where something is configured.
 */
export function withConfigured(operations: readonly Operation[], settings: Configured): readonly Operation[] {
  const { keyDefaults, userDefaults, teamDefaults, keyCeilings } = settings
  const newKey = { ...keyCeilings, ...keyDefaults }
  // What else `/user/new` says is about the user; of the key that is made with them it says how long it lives.
  const keyLife = keyCeilings.duration === undefined ? {} : { duration: keyCeilings.duration }
  const changes: Readonly<Record<string, (input: Schema<unknown>) => Schema<unknown>>> = {
    'key/generate': input => capped(filled(input, newKey), keyCeilings),
    'key/service-account/generate': input => capped(filled(input, newKey), keyCeilings),
    'key/update': input => capped(input, keyCeilings),
    'key/bulk_update': input => cappedKeys(input, keyCeilings),
    'key/regenerate': input => capped(input, keyCeilings),
    'user/new': input => capped(filled(input, { ...userDefaults, ...keyLife }), keyLife),
    'team/new': input => filled(input, teamDefaults),
  }
  return operations.map(operation => {
    const change = Object.hasOwn(changes, operation.name) ? changes[operation.name] : undefined
    return change ? { ...operation, input: change(operation.input) } : operation
  })
}

/** What the request leaves open is filled in before it is judged, so that defaults are judged as well. */
function filled(input: Schema<unknown>, defaults: Sent): Schema<unknown> {
  const entries = Object.entries(defaults)
  if (entries.length === 0) return input
  return {
    safeParse(sent) {
      if (!isMap(sent)) return input.safeParse(sent)
      const open = entries.filter(([field]) => sent[field] === undefined || sent[field] === null)
      return input.safeParse({ ...sent, ...Object.fromEntries(open) })
    },
  }
}

/** Judged as it was sent: what the operation makes of a field is its own affair. */
function capped(input: Schema<unknown>, ceilings: KeyCeilings): Schema<unknown> {
  const fields = Object.entries(ceilings)
  if (fields.length === 0) return input
  return {
    safeParse(sent) {
      const issues = excessOf(sent, fields, [])
      return issues.length > 0 ? { success: false, error: { issues } } : input.safeParse(sent)
    },
  }
}

/** The same of each of many keys. */
function cappedKeys(input: Schema<unknown>, ceilings: KeyCeilings): Schema<unknown> {
  const fields = Object.entries(ceilings)
  if (fields.length === 0) return input
  return {
    safeParse(sent) {
      const keys = isMap(sent) && Array.isArray(sent.keys) ? sent.keys : []
      const issues = keys.flatMap((key, at) => excessOf(key, fields, ['keys', `${at}`]))
      return issues.length > 0 ? { success: false, error: { issues } } : input.safeParse(sent)
    },
  }
}

function excessOf(sent: unknown, ceilings: readonly [string, number | string][], path: readonly string[]): Issue[] {
  if (!isMap(sent)) return []
  return ceilings.flatMap(([field, most]) => tooMuch(sent, { field, most, path }))
}

interface Ceiling {
  readonly field: string
  readonly most: number | string
  readonly path: readonly string[]
}

function tooMuch(sent: Sent, { field, most, path }: Ceiling): Issue[] {
  if (!Object.hasOwn(sent, field) || !isMore(sent[field], most)) return []
  return [{ path: [...path, field], message: `must not be more than ${most}, which is configured` }]
}

/** Null, and LiteLLM's `-1` for a duration, are no limit at all. What is of another kind is refused by the field itself. */
function isMore(asked: unknown, most: number | string): boolean {
  if (asked === undefined) return false
  if (asked === null || asked === '-1') return true
  if (typeof asked === 'number' && typeof most === 'number') return asked > most
  return typeof asked === 'string' && typeof most === 'string' && lengthOf(asked) > lengthOf(most)
}

/** Ms at most; a month counts 31 days. 0 for what is no period. */
function lengthOf(text: string): number {
  const period = parsePeriod(text)
  if (period === undefined) return 0
  // From the first of July 1970 on, two months of 31 days follow each other.
  return (nextReset(period, JULY) ?? Number.POSITIVE_INFINITY) - JULY
}

const JULY = Date.UTC(1970, 6)

function isMap(value: unknown): value is Sent {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
