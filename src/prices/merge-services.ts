import { type Rates, type ServiceRates, type Services, STATED_SERVICES } from '../core/price.ts'

/** Puts what is stated of service tiers over what a card says of them, kind by kind, as `mergeRates` does with plain rates. */
export function mergeServices(base: Services | undefined, stated: Services): Services {
  const merged: { -readonly [Name in keyof Services]: Services[Name] } = {}
  for (const name of STATED_SERVICES) {
    const sheet = over(base?.[name], stated[name])
    if (sheet) merged[name] = sheet
  }
  const fast = stated.fast ?? base?.fast
  if (fast !== undefined) merged.fast = fast
  return merged
}

/** A kind that is stated, at whatever threshold, replaces the card's in all of them. */
function over(base: ServiceRates | undefined, stated: ServiceRates | undefined): ServiceRates | undefined {
  if (!base || !stated) return stated ?? base
  const replaced = new Set([stated.rates, ...stated.tiers.map(tier => tier.rates)].flatMap(Object.keys))
  const kept = (rates: Partial<Rates>): Partial<Rates> =>
    Object.fromEntries(Object.entries(rates).filter(([kind]) => !replaced.has(kind)))
  const thresholds = new Set([...base.tiers, ...stated.tiers].map(tier => tier.aboveInputTokens))
  const at = ({ tiers }: ServiceRates, threshold: number) =>
    tiers.find(tier => tier.aboveInputTokens === threshold)?.rates ?? {}
  return {
    rates: { ...kept(base.rates), ...stated.rates },
    tiers: [...thresholds]
      .sort((a, b) => a - b)
      .map(aboveInputTokens => ({
        aboveInputTokens,
        rates: { ...kept(at(base, aboveInputTokens)), ...at(stated, aboveInputTokens) },
      })),
  }
}
