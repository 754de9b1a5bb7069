import type { Findings } from './finding.ts'
import { entryKeys, infoKeys, paramsKeys } from './keys/deployment.ts'
import type { KeyEntry, KeyTable } from './keys/entry.ts'
import { generalKeys } from './keys/general.ts'
import { litellmKeys } from './keys/litellm.ts'
import { routerKeys } from './keys/router.ts'
import { tollgateKeys } from './keys/tollgate.ts'
import { topKeys } from './keys/top.ts'
import { nearest } from './near-miss.ts'
import { isSecretName } from './redact.ts'
import { isTree, type Section, type Value } from './tree.ts'

/** Every section by its path, with the keys that are known in it. */
export const sections: readonly (readonly [name: string, keys: KeyTable])[] = [
  ['router_settings', routerKeys],
  ['litellm_settings', litellmKeys],
  ['general_settings', generalKeys],
  ['tollgate_settings', tollgateKeys],
  ['', topKeys],
]

/** What the check of keys needs to know besides the keys. */
export interface CheckContext {
  readonly findings: Findings
  /** Keys (by path or last name) whose protection the operator does without. */
  readonly acknowledged: ReadonlySet<string>
  /** Whether a name is one of the price keys, which are legal in every deployment. */
  readonly isPriceKey: (key: string) => boolean
}

/** Finds every key of the document that is unknown, in the wrong place, or known and without effect. */
export function checkKeys(document: Section, context: CheckContext): void {
  checkSection(document, topKeys, context)
  for (const [name, keys] of sections) {
    const section = name === '' ? undefined : document.section(name)
    if (section) checkSection(section, keys, context)
  }
  const list = document.list('model_list')
  list?.value.forEach((_, index) => {
    const entry = list.section(index)
    if (entry) checkDeployment(entry, context)
  })
}

/** Says what each known key does, and of each unknown one what may have been meant. */
function checkSection(section: Section, keys: KeyTable, context: CheckContext): void {
  for (const key of Object.keys(section.value)) {
    const entry = keys.get(key)
    if (entry) checkEntry(section, key, { entry, context })
    else context.findings.report(section.subject(key), ...unknownKey(key, keys, section.path))
  }
}

type Complaint = [message: string, extra?: { suggestion: string }]

function unknownKey(key: string, keys: KeyTable, path: string): Complaint {
  const elsewhere = sections.find(([, others]) => others !== keys && others.has(key))
  if (elsewhere) return [`has no effect here, it belongs ${placeName(elsewhere[0])}`]
  if (path === '' && paramsKeys.has(key)) return ['has no effect here, it belongs in litellm_params of a deployment']
  const suggestion = nearest(key, keys.keys())
  if (suggestion !== undefined) return ['unknown key', { suggestion }]
  const far = sections.map(([name, others]) => ({ name, key: nearest(key, others.keys()) })).find(one => one.key)
  return far?.key ? ['unknown key', { suggestion: `${far.name}${far.name && '.'}${far.key}` }] : ['unknown key']
}

function placeName(section: string): string {
  return section === '' ? 'at the top level' : `in ${section}`
}

function checkEntry(
  section: Section,
  key: string,
  { entry, context }: { entry: KeyEntry; context: CheckContext },
): void {
  const subject = section.subject(key)
  if (entry.members) checkMembers(section.section(key), entry.members, context.findings)
  if (entry.mark === 'effect' || isOff(section.value[key])) return
  const message = entry.description.charAt(0).toLowerCase() + entry.description.slice(1).replace(/\.$/, '')
  if (entry.mark !== 'accept!') {
    if (entry.guards) context.findings.report(subject, message, { inVain: true })
    else context.findings.note(subject, message)
    return
  }
  const known = context.acknowledged.has(key) || context.acknowledged.has(subject.path)
  if (known) context.findings.note(subject, `${message} (acknowledged)`)
  else {
    const advice = `it protects something, so start with --acknowledge ${key} to go without`
    context.findings.error(subject, `${message}; ${advice}`, { acknowledge: key })
  }
}

/** A protection that is switched off anyway needs no word. */
function isOff(value: Value | undefined): boolean {
  if (value === null || value === false || value === undefined || value === '') return true
  return Array.isArray(value) ? value.length === 0 : isTree(value) && Object.keys(value).length === 0
}

/** Reports names in a map that mean nothing there. A known name that ends in `*` stands for all that begin like it. */
export function checkMembers(map: Section | undefined, known: readonly string[], findings: Findings): void {
  for (const name of Object.keys(map?.value ?? {})) {
    const isKnown = known.some(one => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : one === name))
    if (isKnown || !map) continue
    const suggestion = nearest(name, known)
    findings.report(map.subject(name), 'unknown key', suggestion === undefined ? {} : { suggestion })
  }
}

function checkDeployment(entry: Section, context: CheckContext): void {
  for (const key of Object.keys(entry.value)) {
    if (entryKeys.has(key)) continue
    const subject = entry.subject(key)
    if (paramsKeys.has(key)) context.findings.report(subject, 'has no effect here, it belongs in litellm_params')
    else if (infoKeys.has(key)) context.findings.report(subject, 'has no effect here, it belongs in model_info')
    else context.findings.report(subject, ...unknownKey(key, entryKeys, entry.path))
  }
  checkOpen(entry.section('litellm_params'), paramsKeys, context)
  checkOpen(entry.section('model_info'), infoKeys, context)
}

/** Here unknown keys mean something (sent upstream, or kept), so only those that look like a slip are reported. */
function checkOpen(section: Section | undefined, keys: KeyTable, context: CheckContext): void {
  for (const key of Object.keys(section?.value ?? {})) {
    const entry = keys.get(key)
    if (!section || (!entry && (context.isPriceKey(key) || key.startsWith('supports_')))) continue
    if (entry) checkEntry(section, key, { entry, context })
    else {
      const suggestion = nearest(key, [...keys.keys(), ...COMMON_PRICES])
      const sent = isSecretName(key) ? 'not sent upstream since it may be a secret' : 'sent upstream as it is'
      const fate = `unknown key, ${keys === paramsKeys ? sent : 'kept as free data'}`
      if (suggestion !== undefined) context.findings.report(section.subject(key), fate, { suggestion })
    }
  }
}

const COMMON_PRICES: readonly string[] = [
  'input_cost_per_token',
  'output_cost_per_token',
  'cache_read_input_token_cost',
  'cache_creation_input_token_cost',
  'cost_per_1k_input_tokens',
  'cost_per_1k_output_tokens',
]
