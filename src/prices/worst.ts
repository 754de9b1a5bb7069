import type { Deployment } from '../core/deployment.ts'
import { isObject, type Json, type JsonObject } from '../core/json.ts'
import { divideUp, type NanoUsd } from '../core/money.ts'
import type { Rate, RateSheet, Rates } from '../core/price.ts'
import { remembered } from '../core/remembered.ts'
import type { Request } from '../core/request.ts'
import { MOST_TOKENS } from '../core/usage.ts'
import type { WebSearches } from '../core/web-search.ts'
import { ADDED_MEMBER_BYTES, generatedAnswers, type InputTokenBounds, outputLimit } from './bounds.ts'
import { mayWriteCache, pricesWrites } from './cache-writes.ts'
import { measure } from './measure.ts'
import { searchesWithin, searchRate } from './searches.ts'
import { servicesWithin } from './services.ts'
import { hasUnseenInput } from './unseen-input.ts'

/** Output tokens of one answer where neither the client nor anybody else says a number. */
const UNKNOWN_OUTPUT = 4_096

export interface WorstOptions {
  /** Bounds an answer whose client sets no limit (`MoneySettings.outputCap`). */
  readonly outputCap?: number
  /** What is known of the request's input. */
  readonly bounds: InputTokenBounds
}

/**
 * What a request may cost at most at a deployment: the upper bound of its input at the dearest rate that its tokens can have,
 * and all output that can come at the dearest rate of output. Undefined when the deployment has no price. The bound holds
 * when the provider counts as its price says and keeps to `max_tokens`; what it asks beyond is an overrun.
 */
export function worstCost(
  { price, limits, defaults, model }: Pick<Deployment, 'price' | 'limits' | 'defaults' | 'model'>,
  request: Request,
  { outputCap, bounds }: WorstOptions,
): NanoUsd | undefined {
  if (!price) return undefined
  const asked = effective(request, defaults)
  // The deployment's limit gives way to the client's by either name (providers/defaults.ts).
  const said = saidOutput(request) ?? saidOutput(asked)
  // What is held for the call covers its attempts, which are given a limit: none of them has to hold more.
  const high = bounds.high + sizeOf(defaults) + (said === undefined ? ADDED_MEMBER_BYTES : 0)
  // What a deployment searches or adds brings input that the request does not show.
  const search = searchesWithin(request, { defaults, model })
  const open = bounds.open || search.most > 0 || addsUnseenInput(defaults)
  const input = open ? (limits.maxInputTokens ?? high) : high
  // What a client asks for has no end, and its price must fit a column of the ledger.
  const each = (said ?? forcedOutput({ limits, defaults }, request, outputCap)) + predictedTokens(request)
  const output = Math.min(each * generatedAnswers(asked), MOST_TOKENS)
  const rates = ratesUpTo(price, input)
  for (const sheet of servicesWithin(price, asked.body)) rates.push(...ratesUpTo(sheet, input))
  const searches = price.rates.webSearch === undefined ? undefined : bounded(search)
  const passes = shortensConversation(request.body) || shortensConversation(defaults) ? 2n : 1n
  const mayWrite = rates.some(pricesWrites) && mayWriteCache(request, { defaults, model })
  let most = 0n
  for (const one of rates) {
    const inputRate = dearestInput(one, { open, writesCache: mayWrite && pricesWrites(one) })
    const tokens = BigInt(input) * inputRate + BigInt(output) * dearestOutput(one, asked)
    const total = tokens * passes + byTheCall(one, searches)
    if (total > most) most = total
  }
  return divideUp(most, 1_000_000n)
}

const addsUnseenInput = remembered((defaults: JsonObject) => hasUnseenInput(defaults))

/** Searches that nothing bounds cannot be held for: a call that needs a hold is refused before (`worstOfPlan`). */
function bounded(searches: WebSearches): WebSearches | undefined {
  return searches.most > 0 && Number.isFinite(searches.most) ? searches : undefined
}

function byTheCall(rates: Rates, searches: WebSearches | undefined): bigint {
  const request = rates.request ?? 0n
  if (!searches) return request
  return request + BigInt(Math.min(searches.most, MOST_TOKENS)) * searchRate(rates, searches.size)
}

/**
 * The output tokens of one answer that a deployment is bounded to, when neither the client nor its own defaults say it. What the client
 * allows for thoughts comes on top: Anthropic refuses a limit that is not above it.
 */
export function forcedOutput(
  { limits, defaults }: Pick<Deployment, 'limits' | 'defaults'>,
  { body }: Pick<Request, 'body'>,
  outputCap: number | undefined,
): number {
  const own = limits.maxOutputTokens ?? Number.POSITIVE_INFINITY
  const plain = Math.min(own, outputCap ?? limits.maxOutputTokens ?? UNKNOWN_OUTPUT)
  return Math.min(own, plain + thinkingBudget(body.thinking ?? defaults.thinking))
}

function thinkingBudget(thinking: Json | undefined): number {
  const budget = isObject(thinking) && thinking.type === 'enabled' ? thinking.budget_tokens : 0
  return typeof budget === 'number' && budget > 0 ? Math.ceil(budget) : 0
}

/** The request as the upstream gets it: what the deployment adds counts where the client says nothing. */
function effective(request: Request, defaults: Deployment['defaults']): Request {
  for (const name of RELEVANT) {
    if (defaults[name] !== undefined && request.body[name] === undefined) {
      return { operation: request.operation, streamed: request.streamed, body: { ...defaults, ...request.body } }
    }
  }
  return request
}

const RELEVANT = ['max_tokens', 'max_completion_tokens', 'n', 'best_of', 'modalities', 'service_tier', 'speed'] as const

/** The limit of one answer that the request sets. Of two limits each upstream takes the one that it knows. */
function saidOutput(request: Request): number | undefined {
  if (request.operation === 'embedding') return 0
  if (request.operation === 'completion') return outputLimit(request)
  const { max_tokens: one, max_completion_tokens: other } = request.body
  return typeof one === 'number' && typeof other === 'number' ? Math.max(one, other) : outputLimit(request)
}

/**
 * Of a prediction, what does not come to pass is billed as output beside the answer: no token is shorter than a byte
 * (https://developers.openai.com/api/docs/guides/predicted-outputs).
 */
function predictedTokens({ operation, body, source }: Request): number {
  if (operation !== 'chat' || !isObject(body.prediction)) return 0
  return measure([body.prediction], { longTexts: source?.longTexts }).stringBytes
}

/**
 * Anthropic may write a summary of the conversation first, for which it reads all of it once more
 * (https://platform.claude.com/docs/en/build-with-claude/compaction).
 */
function shortensConversation({ compaction, context_management: management }: JsonObject): boolean {
  if ((compaction ?? null) !== null) return true
  const edits = isObject(management) ? management.edits : undefined
  return Array.isArray(edits) && edits.some(edit => isObject(edit) && String(edit.type).startsWith('compact'))
}

/** The rates below and above the thresholds that so many input tokens may pass. */
function ratesUpTo({ rates, tiers }: RateSheet, input: number): Rates[] {
  if (tiers.length === 0) return [rates]
  return [rates, ...tiers.filter(tier => input > tier.aboveInputTokens).map(tier => tier.rates)]
}

function dearestInput(rates: Rates, may: { readonly open: boolean; readonly writesCache: boolean }): Rate {
  let most = rates.input
  // Nobody asks for it, and what people configure may be dearer than reading it anew.
  if (rates.cacheRead !== undefined && rates.cacheRead > most) most = rates.cacheRead
  if (may.open && rates.inputAudio !== undefined && rates.inputAudio > most) most = rates.inputAudio
  if (!may.writesCache) return most
  if (rates.cacheWrite !== undefined && rates.cacheWrite > most) most = rates.cacheWrite
  if (rates.cacheWrite1h !== undefined && rates.cacheWrite1h > most) most = rates.cacheWrite1h
  return most
}

function dearestOutput(rates: Rates, { body }: Request): Rate {
  let most = rates.output
  if (rates.reasoning !== undefined && rates.reasoning > most) most = rates.reasoning
  const speaks = body.modalities !== undefined || body.audio !== undefined
  if (speaks && rates.outputAudio !== undefined && rates.outputAudio > most) most = rates.outputAudio
  return most
}

const sizes = new WeakMap<Deployment['defaults'], number>()

/** Bytes of what the deployment adds to every request, which are tokens of its input as well. */
function sizeOf(defaults: Deployment['defaults']): number {
  let size = sizes.get(defaults)
  if (size === undefined) {
    const text = JSON.stringify(defaults)
    size = text === '{}' ? 0 : Buffer.byteLength(text)
    sizes.set(defaults, size)
  }
  return size
}
