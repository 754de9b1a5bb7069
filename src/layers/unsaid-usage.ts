import type { Answer } from '../core/answer.ts'
import type { Attempt } from '../core/call.ts'
import type { ServiceTier } from '../core/price.ts'
import { serviceTierAsked } from '../core/service-tier.ts'
import type { Usage } from '../core/usage.ts'
import { searchMembers, searchPerAnswer } from '../core/web-search.ts'

/** The usage with what it is charged by and the provider does not say with it. */
export function withUnsaid(usage: Usage, attempt: Attempt, answer: Answer | undefined): Usage {
  return withSearch(withServiceTier(usage, attempt, answer), attempt)
}

/** OpenAI, and others, charge for the search of each answer and do not count it (https://platform.openai.com/docs/pricing). */
function withSearch(usage: Usage, { request: { body }, deployment: { defaults, model }, attempt }: Attempt): Usage {
  if (usage.webSearches !== undefined) return usage
  const search = searchPerAnswer(searchMembers(body, defaults, attempt.droppedParameters), model)
  if (!search) return usage
  return { ...usage, webSearches: search.most, ...(search.size !== 'medium' && { searchContextSize: search.size }) }
}

/**
 * The usage with the service tier that it is charged by, where the provider does not say it with the usage: the tier that it has
 * named before, else the one that it was asked for, unless that is cheaper than the plain rates.
 */
function withServiceTier(usage: Usage, attempt: Attempt, answer: Answer | undefined): Usage {
  if (usage.serviceTier !== undefined) return usage
  const tier = answer?.serviceTier ?? tierSent(attempt)
  return tier === undefined || tier === 'default' ? usage : { ...usage, serviceTier: tier }
}

function tierSent({ request: { body }, deployment: { defaults }, attempt }: Attempt): ServiceTier | undefined {
  const tier = body.service_tier ?? defaults.service_tier
  const speed = body.speed ?? defaults.speed
  if (tier === undefined && speed === undefined) return undefined
  const sent = (name: string) => !attempt.droppedParameters?.includes(name)
  const asked = serviceTierAsked({
    ...(tier !== undefined && sent('service_tier') && { service_tier: tier }),
    ...(speed !== undefined && sent('speed') && { speed }),
  })
  return asked === 'flex' ? undefined : asked
}
