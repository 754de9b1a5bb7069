import type { Findings } from './finding.ts'
import type { Honoured, ValuesOf } from './keys/entry.ts'
import { own, type Section } from './tree.ts'

/**
 * Reads the honoured keys of a section. A value of the wrong kind is an error that names the expected form; the value
 * itself is not repeated, since it may be a secret. Absent keys stay absent.
 */
export function readValues<const Keys extends Readonly<Record<string, Honoured>>>(
  section: Section | undefined,
  keys: Keys,
  findings: Findings,
): ValuesOf<Keys> {
  const values: Record<string, unknown> = {}
  for (const [key, [type]] of Object.entries(keys)) {
    const value = own(section?.value, key)
    if (value === undefined || !section) continue
    const result = type.safeParse(value)
    if (result.success) values[key] = result.data
    else {
      const issue = result.error.issues[0]
      const path = (issue?.path ?? []).map(step => (typeof step === 'number' ? step : String(step)))
      findings.error(section.deepSubject([key, ...path]), `${issue?.message ?? 'is wrong'}, got ${kindOf(value, path)}`)
    }
  }
  return values as ValuesOf<Keys>
}

/** What a value is, in a word, without showing it. */
function kindOf(value: unknown, path: readonly (string | number)[]): string {
  let found = value
  for (const step of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return 'nothing'
    found = (found as Record<string | number, unknown>)[step]
  }
  if (found === null || found === undefined) return 'nothing'
  if (Array.isArray(found)) return 'a list'
  return typeof found === 'object' ? 'a map' : (KINDS[typeof found] ?? typeof found)
}

const KINDS: Readonly<Record<string, string>> = { string: 'a text', number: 'another number', boolean: 'true or false' }
