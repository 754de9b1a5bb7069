import type { JsonObject } from '../core/json.ts'
import { divideUp } from '../core/money.ts'
import type { Rate, RateCard, RateSheet, Rates, ServiceRates, ServiceTier, StatedService } from '../core/price.ts'
import { serviceTierAsked } from '../core/service-tier.ts'
import type { RateKind } from './price-keys.ts'

/** Whether anybody knows what an answer of that tier costs. Flex is never dearer than plain, and free is free. */
export function hasRatesOf(card: RateCard, tier: ServiceTier): boolean {
  if (tier === 'default' || tier === 'flex') return true
  return (card.rates.input === 0n && card.rates.output === 0n) || sheetOf(card, tier) !== undefined
}

const NONE: readonly RateSheet[] = []

/** The sheets by which the answer of a request may be charged besides the plain one. */
export function servicesWithin(card: RateCard, body: JsonObject): readonly RateSheet[] {
  if (card.services === undefined) return NONE
  const sheet = sheetOf(card, serviceTierAsked(body) ?? 'priority')
  return sheet ? [sheet] : NONE
}

const known = new WeakMap<RateCard, Map<ServiceTier, RateSheet | undefined>>()

/** The whole rates of a tier; undefined when nobody knows them. Worked out once per card. */
export function sheetOf(card: RateCard, tier: ServiceTier): RateSheet | undefined {
  if (card.services === undefined) return undefined
  const sheets = known.get(card) ?? new Map<ServiceTier, RateSheet | undefined>()
  if (!sheets.has(tier)) known.set(card, sheets.set(tier, worked(card, tier)))
  return sheets.get(tier)
}

function worked(card: RateCard, tier: ServiceTier): RateSheet | undefined {
  const { services = {} } = card
  if (tier === 'default' || tier === 'other') return undefined
  if (tier === 'fast') return services.fast === undefined ? undefined : multiplied(card, services.fast)
  const stated = services[tier]
  return stated && filled(card, stated, tier)
}

const TOKEN_KINDS: readonly RateKind[] = [
  'input',
  'output',
  'cacheRead',
  'cacheWrite',
  'cacheWrite1h',
  'inputAudio',
  'outputAudio',
  'reasoning',
]

/** What is charged by the token, times a factor in millionths. */
function multiplied({ rates, tiers }: RateSheet, factor: bigint): RateSheet {
  const times = (plain: Rates): Rates => {
    const all: { -readonly [Kind in keyof Rates]: Rates[Kind] } = { ...plain }
    for (const kind of TOKEN_KINDS) {
      const rate = plain[kind]
      if (rate !== undefined) all[kind] = divideUp(rate * factor, 1_000_000n)
    }
    return all
  }
  return { rates: times(rates), tiers: tiers.map(tier => ({ ...tier, rates: times(tier.rates) })) }
}

/** Undefined when input or output are stated for a tier that may be dearer than the plain rates by half only. */
function filled(card: RateSheet, stated: ServiceRates, tier: StatedService): RateSheet | undefined {
  const at = (threshold: number) => ratesAt(card, stated, { threshold, isCheaper: tier === 'flex' })
  const rates = at(0)
  if (!rates) return undefined
  const thresholds = new Set([...card.tiers, ...stated.tiers].map(one => one.aboveInputTokens))
  const tiers = [...thresholds]
    .sort((a, b) => a - b)
    .map(aboveInputTokens => ({ aboveInputTokens, rates: at(aboveInputTokens) ?? rates }))
  return { rates, tiers }
}

interface Place {
  readonly threshold: number
  /** The tier charges no more than the plain rates. */
  readonly isCheaper: boolean
}

/**
 * All rates of a tier above a threshold. Of a kind that is not stated, a cheaper tier has the plain rate, a dearer one the
 * plain rate or its own for that side, whichever is more. Where the plain rates have risen at a threshold that nothing is
 * stated for, they count when they are more.
 */
function ratesAt(card: RateSheet, stated: ServiceRates, { threshold, isCheaper }: Place): Rates | undefined {
  const plainTier = card.tiers.findLast(one => one.aboveInputTokens <= threshold)
  const plain = plainTier?.rates ?? card.rates
  const own = (kind: RateKind): Rate | undefined => {
    const tier = stated.tiers.findLast(one => one.aboveInputTokens <= threshold && one.rates[kind] !== undefined)
    const rate = tier ? tier.rates[kind] : stated.rates[kind]
    const isOlder = (plainTier?.aboveInputTokens ?? 0) > (tier?.aboveInputTokens ?? 0)
    return rate !== undefined && isOlder ? dearer(rate, plain[kind]) : rate
  }
  const side = (kind: 'input' | 'output') => own(kind) ?? (isCheaper || plain[kind] === 0n ? plain[kind] : undefined)
  const [input, output] = [side('input'), side('output')]
  if (input === undefined || output === undefined) return undefined
  const rates: { -readonly [Kind in keyof Rates]: Rates[Kind] } = { ...plain, input, output }
  for (const kind of TOKEN_KINDS) {
    if (kind === 'input' || kind === 'output') continue
    const unstated = plain[kind]
    const filler = isCheaper || unstated === undefined ? unstated : dearer(unstated, OUTPUT.has(kind) ? output : input)
    const rate = own(kind) ?? filler
    if (rate !== undefined) rates[kind] = rate
  }
  return rates
}

const OUTPUT: ReadonlySet<RateKind> = new Set(['outputAudio', 'reasoning'])

function dearer(one: Rate, other: Rate | undefined): Rate {
  return other !== undefined && other > one ? other : one
}
