import { type Rate, type RateCard, type Rates, type Services, STATED_SERVICES, type Tier } from '../core/price.ts'
import { type PriceOverride, statesPrice } from './litellm-map.ts'
import { mergeServices } from './merge-services.ts'
import type { RateKind } from './price-keys.ts'

const INPUT_SPECIALS: readonly RateKind[] = ['cacheRead', 'cacheWrite', 'cacheWrite1h', 'inputAudio']
const OUTPUT_SPECIALS: readonly RateKind[] = ['outputAudio', 'reasoning']
const BY_THE_CALL: readonly RateKind[] = ['request', 'webSearch', 'webSearchLow', 'webSearchHigh']
const SERVICES = [...STATED_SERVICES, 'fast'] as const
const KINDS: readonly RateKind[] = ['input', 'output', ...INPUT_SPECIALS, ...OUTPUT_SPECIALS, ...BY_THE_CALL]

/**
 * Puts stated prices over a card, kind by kind: a kind that is stated replaces the card's in every tier, one that is not
 * is inherited with its tiers. Who states that plain input is free gets free cached and audio input too (and likewise
 * for output) unless they say otherwise. Undefined when input or output remain without a price, unless the model
 * generates nothing or only requests are charged for. An inherited part shows in the source: `config+genai-prices@...`.
 */
export function mergeRates(base: RateCard | undefined, override: PriceOverride, source: string): RateCard | undefined {
  if (!statesPrice(override)) return base
  const merge = new Merge(base, override)
  const rates = merge.ratesAbove(0)
  if (!rates) return undefined
  const tiers = merge.tiers(rates)
  const services = merge.services()
  const from = merge.inherited && base ? `${source}+${base.source}` : source
  return { rates, tiers, source: from, ...(services && { services }) }
}

class Merge {
  readonly #base: RateCard | undefined
  readonly #override: PriceOverride
  readonly #stated: ReadonlySet<string>
  readonly #dropped: ReadonlySet<RateKind>
  /** Whether anything of the base card is in the result. */
  inherited = false

  constructor(base: RateCard | undefined, override: PriceOverride) {
    this.#base = base
    this.#override = override
    this.#stated = new Set([override.rates, ...override.tiers.map(tier => tier.rates)].flatMap(Object.keys))
    this.#dropped = droppedKinds(override.rates)
  }

  /** All rates above a threshold (0: the base rates). */
  ratesAbove(threshold: number): Rates | undefined {
    const rates: Partial<Record<RateKind, Rate>> = {}
    for (const kind of KINDS) {
      const rate = this.#rate(kind, threshold)
      if (rate !== undefined) rates[kind] = rate
    }
    return complete(rates, this.#override.inputOnly)
  }

  tiers(rates: Rates): readonly Tier[] {
    const tiers: Tier[] = []
    let below = rates
    for (const aboveInputTokens of this.#thresholds()) {
      const above = this.ratesAbove(aboveInputTokens)
      if (!above || sameRates(above, below)) continue
      tiers.push({ aboveInputTokens, rates: above })
      below = above
    }
    return tiers
  }

  /** Who states that input and output are free means every tier that they do not name. */
  services(): Services | undefined {
    const { rates, services } = this.#override
    const isFree = rates.input === 0n && rates.output === 0n
    const base = isFree ? undefined : this.#base?.services
    const merged = mergeServices(base, services)
    if (base && SERVICES.some(name => base[name] !== undefined && services[name] === undefined)) this.inherited = true
    return Object.keys(merged).length > 0 ? merged : undefined
  }

  #thresholds(): readonly number[] {
    const all = [...(this.#base?.tiers ?? []), ...this.#override.tiers].map(tier => tier.aboveInputTokens)
    return [...new Set(all)].sort((a, b) => a - b)
  }

  #rate(kind: RateKind, threshold: number): Rate | undefined {
    if (this.#stated.has(kind)) {
      const stated = highest(this.#override, kind, threshold)
      if (stated !== undefined) return stated
    }
    if (!this.#base || this.#dropped.has(kind)) return undefined
    const inherited = highestTier(this.#base, threshold)[kind]
    if (inherited !== undefined) this.inherited = true
    return inherited
  }
}

/** Special rates that a stated price of 0 does away with. */
function droppedKinds(stated: Partial<Rates>): ReadonlySet<RateKind> {
  const freeInput = stated.input === 0n
  const freeOutput = stated.output === 0n
  const both: readonly RateKind[] = freeInput && freeOutput ? BY_THE_CALL : []
  return new Set([...(freeInput ? INPUT_SPECIALS : []), ...(freeOutput ? OUTPUT_SPECIALS : []), ...both])
}

/** What the highest tier not above the threshold states of a kind, else what the base rates state. */
function highest(override: PriceOverride, kind: RateKind, threshold: number): Rate | undefined {
  const tier = override.tiers.findLast(
    candidate => candidate.aboveInputTokens <= threshold && candidate.rates[kind] !== undefined,
  )
  return tier ? tier.rates[kind] : override.rates[kind]
}

function highestTier(card: RateCard, threshold: number): Rates {
  return card.tiers.findLast(tier => tier.aboveInputTokens <= threshold)?.rates ?? card.rates
}

/** A price per request alone is a whole price: such a model charges nothing for tokens. */
function complete(rates: Partial<Rates>, inputOnly: boolean): Rates | undefined {
  const onlyRequests = rates.request !== undefined && rates.input === undefined && rates.output === undefined
  const input = rates.input ?? (onlyRequests ? 0n : undefined)
  const output = rates.output ?? (onlyRequests || inputOnly ? 0n : undefined)
  return input === undefined || output === undefined ? undefined : { ...rates, input, output }
}

function sameRates(a: Rates, b: Rates): boolean {
  return KINDS.every(kind => a[kind] === b[kind])
}
