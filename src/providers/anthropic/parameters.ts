import { createHash } from 'node:crypto'
import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { ModelTraits } from './model.ts'
import { invalid, type Target, unsupported } from './refusal.ts'

/** What OpenAI takes and Anthropic does not, each with the values that ask for nothing and may be left out. */
const FOREIGN: Readonly<Record<string, (value: Json) => boolean>> = {
  n: value => value === 1,
  logprobs: value => value === false,
  top_logprobs: value => value === 0,
  logit_bias: value => isObject(value) && Object.keys(value).length === 0,
  presence_penalty: value => value === 0,
  frequency_penalty: value => value === 0,
  seed: () => false,
  store: value => value === false,
  modalities: value => Array.isArray(value) && value.length === 1 && value[0] === 'text',
  audio: () => false,
  prediction: () => false,
  verbosity: value => value === 'medium',
  web_search_options: () => false,
  functions: value => Array.isArray(value) && value.length === 0,
  function_call: value => value === 'auto' || value === 'none',
}

/** About OpenAI's own cache: an answer is the same without them, so they are left out and never refused. */
const HINTS: readonly string[] = ['prompt_cache_key', 'prompt_cache_retention']

/** Parameters that nobody here knows go through; those that only OpenAI takes are refused or left out. */
export function passedOn(rest: JsonObject, target: Target): JsonObject {
  const passed: Record<string, Json> = {}
  for (const [key, value] of Object.entries(rest)) {
    if (value === undefined) continue
    if (HINTS.includes(key) && !target.deployment.parameters.allow.includes(key)) {
      target.dropped.push(key)
      continue
    }
    const asksNothing = Object.hasOwn(FOREIGN, key) ? FOREIGN[key] : undefined
    if (!asksNothing || target.deployment.parameters.allow.includes(key)) passed[key] = value
    else if (!asksNothing(value)) unsupported(target, key, 'has no such parameter')
  }
  return passed
}

/** What of a request bears on its sampling. */
export interface SamplingRoom {
  readonly traits: ModelTraits
  /** `thinking` as it is sent. */
  readonly thinking: JsonObject | undefined
}

/** Temperature (OpenAI's goes to 2, Anthropic's to 1), top_p and top_k, where the model still takes them. */
export function sampling(body: JsonObject, target: Target, { traits, thinking }: SamplingRoom): JsonObject {
  const written: Record<string, Json> = {}
  const thinks = thinking?.type === 'enabled' || thinking?.type === 'adaptive'
  for (const name of ['temperature', 'top_p', 'top_k']) {
    const value = body[name]
    if (value === undefined) continue
    if (typeof value !== 'number') throw invalid(name, 'must be a number')
    const number = name === 'temperature' ? Math.min(Math.max(value, 0), 1) : value
    const allowed = target.deployment.parameters.allow.includes(name)
    if (!allowed && traits.fixedSampling) {
      if (number !== 1 || name === 'top_k') unsupported(target, name, 'takes no sampling parameters')
    } else if (!allowed && thinks && !fitsThinking(name, number)) {
      unsupported(target, name, 'takes no such value while it thinks (reasoning_effort, thinking)')
    } else written[name] = number
  }
  return traits.oneSampling && !target.deployment.parameters.allow.includes('top_p') ? ofOne(written, target) : written
}

/** https://platform.claude.com/docs/en/build-with-claude/extended-thinking#feature-compatibility */
function fitsThinking(name: string, value: number): boolean {
  if (name === 'temperature') return value === 1
  return name === 'top_p' && value >= 0.95
}

/** Temperature or top_p: of both, the one that is 1 asks for nothing, and most clients that send both send such a one. */
function ofOne(written: JsonObject, target: Target): JsonObject {
  const { temperature, top_p, ...rest } = written
  if (temperature === undefined || top_p === undefined) return written
  if (temperature === 1) return { ...rest, top_p }
  if (top_p !== 1) unsupported(target, 'top_p', 'takes temperature or top_p, not both')
  return { ...rest, temperature }
}

/** `stop` as `stop_sequences`, without those of nothing but white space, which Anthropic refuses. */
export function stopSequences(stop: Json | undefined): JsonObject {
  if (stop === undefined) return {}
  const list: readonly Json[] = typeof stop === 'string' ? [stop] : Array.isArray(stop) ? stop : [null]
  if (!list.every(item => typeof item === 'string')) throw invalid('stop', 'must be a string or an array of strings')
  const sequences = list.filter(item => item.trim() !== '')
  return sequences.length > 0 ? { stop_sequences: sequences } : {}
}

/** `metadata.user_id`, from Anthropic's own field, OpenAI's `user` or its successor. */
export function userMetadata(body: JsonObject): JsonObject {
  const own = isObject(body.metadata) ? body.metadata.user_id : undefined
  const user = own ?? body.user ?? body.safety_identifier
  return typeof user === 'string' && user !== '' ? { metadata: { user_id: opaque(user) } } : {}
}

/** Anthropic refuses e-mail addresses and telephone numbers (litellm #10106) and asks for a hash in their place. */
function opaque(user: string): string {
  const personal = user.includes('@') || /^\+?[\d\s().-]{7,}$/.test(user)
  return personal || user.length > 256 ? createHash('sha256').update(user).digest('hex') : user
}

/** OpenAI's `default` is Anthropic's `standard_only`; `flex` and other tiers have no counterpart. */
export function serviceTier(tier: Json | undefined, target: Target): JsonObject {
  if (tier === undefined) return {}
  if (tier === 'auto' || tier === 'standard_only') return { service_tier: tier }
  if (tier === 'default') return { service_tier: 'standard_only' }
  unsupported(target, 'service_tier', 'has the tiers auto and default only')
  return {}
}

/** Nobody waits for, or holds the price of, more than this unless the client asks for it. */
const DEFAULT_CAP = 32_000
/** LiteLLM's, for a model of which nobody knows the limit. */
const DEFAULT_MAX_TOKENS = 4096

/** The limit that the client set, else the deployment's configuration; undefined when neither did. */
export function givenMaxTokens(...sources: readonly JsonObject[]): number | undefined {
  for (const source of sources) {
    for (const name of ['max_completion_tokens', 'max_tokens']) {
      const value = source[name]
      if (value === undefined) continue
      if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value
      throw invalid(name, 'must be a whole number of tokens')
    }
  }
  return undefined
}

/** Anthropic wants a limit always: without one the model's own up to 32,000, else 4096; a thinking budget comes on top. */
export function defaultMaxTokens(modelLimit: number | undefined, thinking: Json | undefined): number {
  const budget = isObject(thinking) && typeof thinking.budget_tokens === 'number' ? thinking.budget_tokens : 0
  if (modelLimit === undefined) return DEFAULT_MAX_TOKENS + budget
  return Math.min(modelLimit, DEFAULT_CAP + budget)
}
