import type { Findings } from './finding.ts'
import { own, type Section, type Value } from './tree.ts'

/** Variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

const PREFIX = 'os.environ/'

/** The variable that a value refers to: the whole value must be `os.environ/NAME`. */
export function variableOf(value: Value | undefined): string | undefined {
  return typeof value === 'string' && value.startsWith(PREFIX) ? value.slice(PREFIX.length).trim() : undefined
}

/** The environment that the rest of the file sees: `environment_variables` over what the process has. */
export function extendEnvironment(document: Section, env: Environment): Environment {
  const extended: Record<string, string | undefined> = { ...env }
  for (const [name, value] of Object.entries(document.section('environment_variables')?.value ?? {})) {
    const variable = variableOf(value)
    const text = variable === undefined ? value : env[variable]
    if (text !== null && text !== undefined && typeof text !== 'object') extended[name] = String(text)
  }
  return extended
}

/** A reference to a variable that is not set, or empty. */
export interface Missing {
  readonly section: Section | Section<Value[]>
  readonly key: string | number
  readonly variable: string
}

/**
 * Puts variables in the place of their references, everywhere and in place. What refers to a variable that is not set is
 * taken out of a map, becomes null in a list, and `onMissing` is told.
 */
export function resolveReferences(
  section: Section | Section<Value[]>,
  env: Environment,
  onMissing: (missing: Missing) => void,
): void {
  const { value } = section
  const keys: (string | number)[] = Array.isArray(value) ? value.map((_, index) => index) : Object.keys(value)
  for (const key of keys) {
    const member = Array.isArray(value) ? value[Number(key)] : own(value, String(key))
    const below = section.section(key) ?? section.list(key)
    const variable = variableOf(member)
    if (below) resolveReferences(below, env, onMissing)
    if (variable === undefined) continue
    const found = env[variable] || null
    if (found === null) onMissing({ section, key, variable })
    if (Array.isArray(value)) value[Number(key)] = found
    else if (found === null) delete value[String(key)]
    else value[String(key)] = found
  }
}

/** A missing variable is an error for the master key of those who listen: LiteLLM would start without any. */
export function reportMissing(findings: Findings, listens: boolean): (missing: Missing) => void {
  return ({ section, key, variable }) => {
    const subject = section.subject(key)
    if (listens && subject.path === 'general_settings.master_key') {
      findings.error(subject, `the environment variable ${variable} is not set, so the gateway would be open`)
    } else if (!isProviderKey(subject.path)) {
      findings.report(subject, `the environment variable ${variable} is not set`)
    }
  }
}

/** Keys of deployments are reported once, with the deployment that goes without. */
function isProviderKey(path: string): boolean {
  return (
    /^model_list\[\d+\]\.litellm_params\.api_key$/.test(path) ||
    /^credential_list\[\d+\]\.credential_values\.api_key$/.test(path)
  )
}
