import type { Call } from '../core/call.ts'
import type { ChargeSettings } from '../core/charge.ts'
import type { Deployment } from '../core/deployment.ts'
import type { Failure } from '../core/failure.ts'
import type { NanoUsd } from '../core/money.ts'
import type { MoneySettings } from '../core/money-settings.ts'
import type { Request } from '../core/request.ts'
import { isSearchModel } from '../core/web-search.ts'
import type { InputTokenBounds } from './bounds.ts'
import { writesWhatIsMarked } from './cache-writes.ts'
import { chargeOf } from './charge.ts'
import { unboundedReason, unpricedFailure } from './unbounded.ts'
import { worstCost } from './worst.ts'

export interface WorstOfPlanOptions extends Pick<MoneySettings, 'outputCap' | 'unpriced'> {
  /** The deployments that a call may come to. */
  readonly reach: (call: Call) => ReadonlySet<Deployment>
  readonly boundsOf: (request: Request) => InputTokenBounds
  readonly charges: ChargeSettings | undefined
}

/** What a call, and an attempt of it, may be charged at most. */
export interface Worst {
  /** At the dearest deployment that the plan may reach. @throws Failure `unpriced` when there are some and none has a price. */
  ofCall(call: Call, request?: Request): NanoUsd
  /** At this deployment. 0 where it has no price and nothing is bounded. @throws Failure `unpriced` */
  ofAttempt(call: Call, deployment: Deployment, isBounded: boolean): NanoUsd
}

/** Sets of deployments that are remembered, by the names that led to them. */
const MAX_KNOWN = 1_000

/** Reckons the worst prices of a router's calls. */
export function worstOfPlan({ reach, boundsOf, charges, outputCap, unpriced }: WorstOfPlanOptions): Worst {
  const known = new Map<string, readonly Deployment[]>()
  const cap = outputCap === undefined ? {} : { outputCap }

  function charged(deployment: Deployment, request: Request): NanoUsd | undefined {
    const cost = worstCost(deployment, request, { ...cap, bounds: boundsOf(request) })
    if (cost === undefined || !charges) return cost
    return chargeOf({ provider: deployment.provider, cost, answered: true }, charges).total
  }

  /** One deployment of each price: a pool of a thousand at one price is weighed once. */
  function weighed(call: Call): readonly Deployment[] {
    const key = keyOf(call)
    const found = key === undefined ? undefined : known.get(key)
    if (found) return found
    const distinct = [...new Map([...reach(call)].map(one => [priceKey(one), one])).values()]
    if (known.size >= MAX_KNOWN) known.clear()
    if (key !== undefined) known.set(key, distinct)
    return distinct
  }

  return {
    ofCall(call, request = call.request) {
      let most: NanoUsd | undefined
      let reason: Failure | undefined
      const deployments = weighed(call)
      for (const deployment of deployments) {
        const unbounded = unboundedReason(deployment, request, unpriced === 'refuse')
        reason ??= unbounded
        if (unbounded) continue
        const cost = charged(deployment, request) ?? (typeof unpriced === 'bigint' ? unpriced : undefined)
        if (cost !== undefined && (most === undefined || cost > most)) most = cost
      }
      // A call that reaches nobody costs nothing; why it does not is said when it is tried.
      if (most === undefined && reason) throw reason
      if (most === undefined && deployments.length > 0 && unpriced === 'refuse') throw withoutPrice(call.pool)
      return most ?? 0n
    },
    ofAttempt({ request }, deployment, isBounded) {
      const reason = isBounded ? unboundedReason(deployment, request, unpriced === 'refuse') : undefined
      if (reason) throw reason
      const cost = charged(deployment, request)
      if (cost !== undefined) return cost
      if (typeof unpriced === 'bigint') return unpriced
      if (isBounded && unpriced === 'refuse') throw withoutPrice(`${deployment.provider}/${deployment.model}`)
      return 0n
    },
  }
}

/** What decides where a call may go; undefined when it says so itself, for single reasons. */
function keyOf({ pool, tier, record, options, purpose }: Call): string | undefined {
  if (options.contextWindowFallbacks || options.contentPolicyFallbacks) return undefined
  const own = `${options.disableFallbacks ? 1 : 0}${options.specificDeployment ? 1 : 0}${purpose}`
  const elsewhere = options.fallbacks ? options.fallbacks.map(fallback => fallback.pool).join('\0') : ''
  return `${own}\0${pool}\0${tier ?? ''}\0${record.requestedPool}\0${elsewhere}`
}

function priceKey({ provider, price, limits, defaults, parameters, model }: Deployment): string {
  const { maxInputTokens, maxOutputTokens } = limits
  const ofModel = [isSearchModel(model), writesWhatIsMarked(model)]
  const facts = [provider, price, maxInputTokens, maxOutputTokens, defaults, parameters.drop, ...ofModel]
  return JSON.stringify(facts, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}

function withoutPrice(name: string): Failure {
  return unpricedFailure(`${name} costs`, 'set its prices', 'model')
}
