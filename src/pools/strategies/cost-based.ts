import type { Call } from '../../core/call.ts'
import type { Random } from '../../core/clock.ts'
import type { Deployment } from '../../core/deployment.ts'
import { type NanoUsd, showUsd } from '../../core/money.ts'
import { remembered } from '../../core/remembered.ts'
import type { Candidate, Candidates, NamedStrategy } from '../strategy.ts'
import { randomIndex } from './random-index.ts'

/** The lowest estimated cost of this very call. A price of 0 is free; without a price it comes last; random among equals. */
export function costBased(random: Random): NamedStrategy {
  return {
    name: 'cost-based-routing',
    pick: (candidates, call) => cheapest(candidates, call, random),
    reason(chosen, { length }, call) {
      const { cost } = chosen.estimate(call)
      return cost === undefined
        ? `one of ${length}, none of which has a price`
        : `cheapest of ${length} at ${showUsd(cost)}`
    },
    explain(candidates, call) {
      for (const candidate of candidates) explainCost(candidate, call)
    },
  }
}

/** Candidates whose deployments charge alike: what a call costs at one, it costs at all. */
type Alike = [Candidate, ...Candidate[]]

/** By price list and output limit, which are all that an estimate knows of a deployment. Of 1,000, few differ. */
const alike = remembered((candidates: Candidates): readonly Alike[] => {
  const found = new Map<string, Alike>()
  for (const candidate of candidates) {
    const same = found.get(chargesOf(candidate.deployment))
    if (same) same.push(candidate)
    else found.set(chargesOf(candidate.deployment), [candidate])
  }
  return [...found.values()]
})

const chargesOf = remembered(({ price, limits }: Deployment) =>
  JSON.stringify([price?.rates, price?.tiers, limits.maxOutputTokens], (_name, value) =>
    typeof value === 'bigint' ? `${value}` : value,
  ),
)

/** The cheapest for this call, at random among equals; one without a price only when none has any. */
export function cheapest(candidates: Candidates, call: Call, random: Random): Candidate {
  let best: Candidate = candidates[0]
  let least: NanoUsd | undefined
  let ties = 0
  for (const some of alike(candidates)) {
    const { cost } = some[0].estimate(call)
    if (ties > 0 && cost !== least && !isLess(cost, least)) continue
    ties = ties > 0 && cost === least ? ties + some.length : some.length
    least = cost
    const place = randomIndex(ties, random)
    best = some[place] ?? best
  }
  return best
}

export function explainCost(candidate: Candidate, call: Call): void {
  const { cost } = candidate.estimate(call)
  candidate.score = cost === undefined ? Number.POSITIVE_INFINITY : Number(cost)
  candidate.note = cost === undefined ? 'no price' : showUsd(cost)
}

function isLess(cost: NanoUsd | undefined, than: NanoUsd | undefined): boolean {
  if (cost === undefined) return false
  return than === undefined || cost < than
}
