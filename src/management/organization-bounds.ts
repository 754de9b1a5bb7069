import { type AccessGroups, withGroups } from '../core/access-groups.ts'
import type { JsonObject } from '../core/json.ts'
import { covers } from '../core/may-use.ts'
import { readData } from './entity-data.ts'
import { badRequest } from './errors.ts'

/** Numbers that no team of an organisation has more of than the organisation. */
const BOUNDED = ['max_budget', 'tpm_limit', 'rpm_limit', 'max_parallel_requests'] as const

/**
 * Refuses terms of a team or user that its organisation cannot keep. Absent ones are fine: the organisation's own bounds
 * hold for every call beside them.
 * @throws Failure `invalid_request`, naming the field
 */
export function requireWithin(
  organization: { readonly id: string; readonly data: string },
  fields: JsonObject,
  groups: AccessGroups | undefined,
): void {
  const own = readData(organization)
  for (const name of BOUNDED) {
    const [asked, most] = [fields[name], own[name]]
    if (typeof asked !== 'number' || typeof most !== 'number' || asked <= most) continue
    throw badRequest(`${name} ${asked} is more than the ${most} of organization '${organization.id}'`, name)
  }
  const granted = withGroups(textsOf(own.models), groups)
  if (granted.length === 0) return
  const beyond = textsOf(fields.models).find(name => !granted.some(grant => grants(grant, name)))
  if (beyond === undefined) return
  throw badRequest(`organization '${organization.id}' has no model '${beyond.slice(0, 100)}'`, 'models')
}

/** Texts of a list in stored fields. */
export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(one => typeof one === 'string') : []
}

/** Names that grant nothing, whatever they stand in, and those that grant everything. */
const NO_MODELS = 'no-default-models'
const ALL_MODELS = 'all-proxy-models'

function grants(granted: string, name: string): boolean {
  return name === NO_MODELS || granted === ALL_MODELS || covers(granted, name)
}
