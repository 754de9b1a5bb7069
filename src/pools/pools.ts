import { type AccessGroups, accessGroupsOf } from '../core/access-groups.ts'
import type { Call } from '../core/call.ts'
import type { Clock, Random } from '../core/clock.ts'
import { type Deployment, deploymentName } from '../core/deployment.ts'
import type { NanoUsd } from '../core/money.ts'
import type { RoutingSettings, StrategySettings, TierSettings } from '../core/settings.ts'
import { Affinity, hasAffinity } from './affinity.ts'
import type { InputTokenBounds } from './filters/filter.ts'
import { nearestNames } from './nearest.ts'
import { type EstimateCall, Pool, PoolCandidate } from './pool.ts'
import { orderOfRanks } from './ranks.ts'
import { byPool, own } from './records.ts'
import { cheapestUnder, createStrategy, weighsLimits } from './strategies/index.ts'
import { latencyOf } from './strategies/latency-based.ts'
import { chooseTier, type PoolOrder } from './tier.ts'
import { Ward } from './ward.ts'
import type { SplitName } from './wildcard.ts'
import { WildcardPools } from './wildcard-pools.ts'

export interface PoolsDeps {
  readonly clock: Clock
  readonly random: Random
  readonly estimate: EstimateCall
  readonly inputTokenBounds: InputTokenBounds
  /** Who keeps the vitals. Default: a new one. */
  readonly ward?: Ward
  /** Who remembers which deployment answered before. Default: a new one, where any kind of affinity is switched on. */
  readonly affinity?: Affinity | undefined
  /** Completes a deployment that a wildcard became (its price, its limits), now that its model is known. */
  readonly complete?: (deployment: Deployment) => Deployment
  /** Splits a model's name into provider and model, by its prefix or its family (`gpt-4o`). Default: splits no name. */
  readonly split?: SplitName
  /** How many pools made from wildcards are kept. Beyond that the least recently used idle ones are dropped. Default 1,000. */
  readonly maxConcretePools?: number
}

export interface ResolveOptions {
  /** Only deployments whose upstream model has exactly this name (`specific_deployment: true`). */
  readonly specificDeployment?: boolean
  /** The name that the client asked for. Where it is a tier, the pools of the tier choose by the tier's rule. */
  readonly requested?: string
}

export interface ListOptions {
  /** With hidden aliases. Default false. */
  readonly hidden?: boolean
  /** With wildcards, as patterns. Default false. */
  readonly patterns?: boolean
}

/** A name that can be asked for. */
export interface Listed {
  readonly id: string
  readonly hidden: boolean
}

/** All pools, by all the names that they have. */
export interface Pools {
  readonly ward: Ward
  /** Undefined when no kind of affinity is switched on. */
  readonly affinity: Affinity | undefined
  /** Names that stand for pools in lists of what may be used. */
  readonly accessGroups: AccessGroups
  /** The pool of a name; undefined when nothing has that name. */
  resolve(name: string, options?: ResolveOptions): Pool | undefined
  /** What a name stands for that is an alias, or that a wildcard takes under its provider's prefix; any other name: itself. */
  targetOf(name: string): string
  /** Which pools to ask when a name stands for several of them in an order (tiers, priorities); undefined when it does not. */
  order(name: string, call: Call): PoolOrder | undefined
  /** Suggestions for an unknown name: at most three, the nearest first. */
  nearest(name: string): string[]
  /** Why a catch-all does not take a name that fits it, as a clause; undefined where there is none, or it does. */
  whyNot(name: string): string | undefined
  /** Names for `/v1/models`: pools in file order, aliases, tiers, automatic pools. */
  list(options?: ListOptions): readonly Listed[]
}

/** Makes the pools of a configuration. */
export function createPools(settings: RoutingSettings, deps: PoolsDeps): Pools {
  return new PoolRegister(settings, deps)
}

class PoolRegister implements Pools {
  readonly ward: Ward
  readonly affinity: Affinity | undefined
  readonly accessGroups: AccessGroups
  readonly #settings: RoutingSettings
  readonly #deps: PoolsDeps
  readonly #candidates = new Map<string, PoolCandidate>()
  readonly #byName = new Map<string, Pool>()
  readonly #byModel = new Map<string, readonly PoolCandidate[]>()
  /** Pools made when first asked for: of one deployment, of an upstream model, within a tier. As many as configured. */
  readonly #made = new Map<string, Pool>()
  readonly #wildcards: WildcardPools

  constructor(settings: RoutingSettings, deps: PoolsDeps) {
    this.#settings = settings
    this.#deps = deps
    this.accessGroups = accessGroupsOf(settings.deployments)
    this.ward = deps.ward ?? new Ward(settings, deps.clock)
    this.affinity = hasAffinity(settings.affinity)
      ? (deps.affinity ?? new Affinity(settings.affinity, deps))
      : undefined
    const patterns = new Map<string, readonly Deployment[]>()
    for (const [name, deployments] of byPool(settings.deployments)) {
      if (name.includes('*')) patterns.set(name, deployments)
      else this.#byName.set(name, this.#pool(name, this.#admit(deployments)))
    }
    this.#addGroups(settings.groups ?? {})
    this.#wildcards = new WildcardPools({
      patterns,
      split: deps.split,
      most: deps.maxConcretePools ?? 1000,
      make: (...of) => this.#ofWildcard(...of),
      ward: this.ward,
      clock: deps.clock,
    })
    for (const candidate of this.#candidates.values()) this.#indexModel(candidate)
  }

  resolve(name: string, options: ResolveOptions = {}): Pool | undefined {
    if (options.specificDeployment) return this.#ofModel(name)
    const pool = this.#ofDeployment(name) ?? this.#named(this.#targetOf(name))
    const tier = options.requested === undefined ? undefined : this.#tierSettings(options.requested)
    if (!pool || !tier || (pool.name !== tier.cheap && pool.name !== tier.capable)) return pool
    return this.#make(`tier\0${options.requested}\0${pool.name}`, () =>
      pool.with({ strategy: cheapestUnder(tier.latencyThresholdMs, this.#deps), enforcesLimits: true }),
    )
  }

  targetOf(name: string): string {
    if (this.#ofDeployment(name)) return name
    const target = this.#targetOf(name)
    if (this.#byName.has(target) || this.#wildcards.matched(target)) return target
    return this.#wildcards.prefixed(target)?.name ?? target
  }

  order(name: string, call: Call): PoolOrder | undefined {
    const tier = this.#tierSettings(name)
    if (!tier) return orderOfRanks(own(this.#settings.groups ?? {}, this.#targetOf(name)), this.#deps.random)
    const now = this.#deps.clock.monotonic()
    const p50s = (pool: string) =>
      (this.resolve(pool, { requested: name })?.eligible(call) ?? []).map(one => latencyOf(one, call, now))
    return chooseTier(tier, {
      estimate: this.#estimateCheap(tier, call),
      cheap: p50s(tier.cheap),
      capable: p50s(tier.capable),
    })
  }

  nearest(name: string): string[] {
    return nearestNames(
      name,
      // A name that leads only to itself is listed, and no help.
      this.list().flatMap(({ id }) => (id === name ? [] : [id])),
    )
  }

  whyNot(name: string): string | undefined {
    return this.#wildcards.whyNot(name)
  }

  list({ hidden = false, patterns = false }: ListOptions = {}): readonly Listed[] {
    const { aliases, tiers, auto, groups = {} } = this.#settings
    const open = [
      ...this.#byName.keys(),
      ...(patterns ? this.#wildcards.patterns : []),
      ...Object.keys(groups),
      ...Object.keys(tiers),
      ...Object.keys(auto),
    ].map(id => ({ id, hidden: false }))
    const others = Object.entries(aliases).map(([id, alias]) => ({ id, hidden: alias.hidden }))
    const listed = [...open, ...others].filter(one => hidden || !one.hidden)
    return [...new Map(listed.map(one => [one.id, one])).values()]
  }

  /** Groups with a strategy are pools of all their members' deployments. */
  #addGroups(groups: NonNullable<RoutingSettings['groups']>): void {
    for (const [name, group] of Object.entries(groups)) {
      if (group.by !== 'strategy') continue
      const members = group.pools.flatMap(pool => this.#byName.get(pool)?.candidates ?? [])
      if (members.length > 0) this.#byName.set(name, this.#pool(name, members, group.strategy))
    }
  }

  /** After aliases: the pool, the longest wildcard, also under its provider's prefix, the deployments of that model, and `*`. */
  #named(name: string): Pool | undefined {
    return (
      this.#byName.get(name) ??
      this.#wildcards.matched(name) ??
      this.#wildcards.prefixed(name) ??
      this.#ofModel(name) ??
      this.#wildcards.caught(name)
    )
  }

  /** A pool of one, for a deployment's id that is not a pool's name. It passes the same filters as any other. */
  #ofDeployment(id: string): Pool | undefined {
    const candidate = this.#byName.has(id) ? undefined : this.#candidates.get(id)
    return candidate && this.#make(`id\0${id}`, () => this.#pool(candidate.deployment.pool, [candidate]))
  }

  #ofModel(model: string): Pool | undefined {
    const candidates = this.#byModel.get(model)
    return candidates && this.#make(`model\0${model}`, () => this.#pool(model, candidates))
  }

  #ofWildcard(name: string, deployments: readonly Deployment[], pattern: string): Pool {
    const { complete = deployment => deployment } = this.#deps
    const candidates = deployments.map(deployment => this.#candidate(complete(deployment)))
    return this.#pool(name, candidates, own(this.#settings.poolStrategies, pattern))
  }

  #pool(name: string, candidates: readonly PoolCandidate[], settings?: StrategySettings): Pool {
    const { checks, tags, poolStrategies, strategy: general } = this.#settings
    const { clock, inputTokenBounds } = this.#deps
    const strategy = createStrategy(own(poolStrategies, name) ?? settings ?? general, this.#deps)
    const enforcesLimits = checks.enforceRateLimits || checks.enabled || weighsLimits(strategy)
    const options = { strategy, checks, tags, enforcesLimits, clock, inputTokenBounds }
    return new Pool(name, candidates, this.affinity ? { ...options, affinity: this.affinity } : options)
  }

  #make(key: string, make: () => Pool): Pool {
    const pool = this.#made.get(key) ?? make()
    this.#made.set(key, pool)
    return pool
  }

  #admit(deployments: readonly Deployment[]): PoolCandidate[] {
    return deployments.map(deployment => {
      const candidate = this.#candidate(deployment)
      this.#candidates.set(deployment.id, candidate)
      return candidate
    })
  }

  #candidate(deployment: Deployment): PoolCandidate {
    return new PoolCandidate(this.ward.of(deployment), this.#deps.estimate)
  }

  /** Under its model's name with and without the provider. */
  #indexModel(candidate: PoolCandidate): void {
    const { deployment } = candidate
    for (const name of new Set([deployment.model, deploymentName(deployment)])) {
      this.#byModel.set(name, [...(this.#byModel.get(name) ?? []), candidate])
    }
  }

  #tierSettings(name: string): TierSettings | undefined {
    return own(this.#settings.tiers, this.#targetOf(name))
  }

  #targetOf(name: string): string {
    return own(this.#settings.aliases, name)?.pool ?? name
  }

  /** The lowest price that the cheap pool asks for this call. */
  #estimateCheap({ cheap, assumedOutputTokens }: TierSettings, call: Call): NanoUsd | undefined {
    let least: NanoUsd | undefined
    for (const candidate of this.resolve(cheap)?.candidates ?? []) {
      const { cost } = candidate.estimate(call, assumedOutputTokens)
      if (cost !== undefined && (least === undefined || cost < least)) least = cost
    }
    return least
  }
}
