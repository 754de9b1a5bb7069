import type { Deployment } from '../../core/deployment.ts'
import { isObject } from '../../core/json.ts'
import type { CallFilter, Question } from './filter.ts'

/**
 * The prompt is longer than the deployment's context window. Only when its lower bound is: an estimate must not turn
 * away a call that would have gone well, and the upstream counts exactly.
 */
export function contextWindow(deployments: readonly Deployment[]): CallFilter {
  const windowOf = ({ limits }: Deployment) => limits.maxInputTokens ?? Number.POSITIVE_INFINITY
  const smallest = Math.min(...deployments.map(windowOf))
  return {
    why: 'context',
    concerns: ({ inputTokens }) => inputTokens.low > smallest,
    excludes: ({ deployment }, { inputTokens }) => inputTokens.low > windowOf(deployment),
    explain: ({ deployment }, { inputTokens }) =>
      `the prompt has at least ${inputTokens.low} tokens, its window ${windowOf(deployment)}`,
  }
}

/** The caller allows one region only. A deployment whose region nobody wrote down is out: a promise is kept or refused. */
export const region: CallFilter = {
  why: 'region',
  concerns: ({ call }) => call.options.allowedRegion !== undefined,
  excludes: ({ deployment }, { call }) => !isWithin(deployment.selection.region, call.options.allowedRegion),
  explain: ({ deployment }, { call }) =>
    `in region ${deployment.selection.region ?? 'unknown'}, allowed is ${call.options.allowedRegion}`,
}

/** `eu` allows `eu`, `eu-west-1` and `europe-west4`; `us` allows `us`, `us-east-1` and `us_east`. */
function isWithin(of: string | undefined, allowed: string | undefined): boolean {
  if (allowed === undefined) return true
  if (of === undefined) return false
  const [place, wanted] = [of.toLowerCase(), allowed.toLowerCase()]
  if (place === wanted || place.startsWith(`${wanted}-`) || place.startsWith(`${wanted}_`)) return true
  return wanted === 'eu' && place.startsWith('europe')
}

/** The call wants a response format that the model is known not to take, and that may not be left out. */
export const responseFormat: CallFilter = {
  why: 'response-format',
  concerns: question => formatOf(question) !== undefined,
  excludes({ deployment: { limits, parameters } }, question) {
    if (parameters.dropUnsupported || parameters.allow.includes('response_format')) return false
    if (parameters.drop.includes('response_format')) return false
    if (limits.supports.response_format === false) return true
    return formatOf(question) === 'json_schema' && limits.supports.response_schema === false
  },
  explain: (_candidate, question) => `takes no response_format ${formatOf(question)}`,
}

/** The type of `response_format`, unless it is plain text, which everybody takes. */
function formatOf({ call }: Question): string | undefined {
  const format = call.request.body.response_format
  const type = isObject(format) ? format.type : undefined
  return typeof type === 'string' && type !== 'text' ? type : undefined
}
