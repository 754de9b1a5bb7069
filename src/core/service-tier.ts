import type { JsonObject } from './json.ts'
import type { ServiceTier } from './price.ts'

/** Names of the plain rates. Capacity that was paid for ahead (`scale`) counts at them as well. */
const PLAIN_NAMES: ReadonlySet<string> = new Set([
  'auto',
  'default',
  'standard',
  'standard_only',
  'on_demand',
  'scale',
  'batch',
])

/** A service tier by the name that OpenAI's API has for it in requests (where `fast` is another word for `priority`) and answers. */
export function serviceTierNamed(name: string): ServiceTier {
  if (PLAIN_NAMES.has(name)) return 'default'
  if (name === 'fast') return 'priority'
  return name === 'flex' || name === 'priority' || name === 'ultrafast' ? name : 'other'
}

/**
 * The tier that a request asks for; undefined when it leaves that open (`auto`, or nothing): then the settings of the project
 * at the provider decide (https://developers.openai.com/api/docs/guides/priority-processing). `speed` is Anthropic's.
 */
export function serviceTierAsked({ service_tier: tier, speed }: JsonObject): ServiceTier | undefined {
  if (speed === 'fast') return 'fast'
  return typeof tier !== 'string' || tier === 'auto' ? undefined : serviceTierNamed(tier)
}
