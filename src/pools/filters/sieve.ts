import type { Deployment } from '../../core/deployment.ts'
import type { CheckSettings, TagSettings } from '../../core/settings.ts'
import type { Moment } from '../moment.ts'
import type { Candidate } from '../strategy.ts'
import { contextWindow, region, responseFormat } from './checks.ts'
import type { CallFilter, Exclusion, Filter, Question } from './filter.ts'
import { blocked, heldOut, resting } from './health.ts'
import { full, placeElsewhere, requestElsewhere, tokensElsewhere, tooFewTokens, usedUp } from './load.ts'
import { byOrder, explainOrder, orderOf } from './order.ts'
import { byProbe, explainProbe } from './probed.ts'
import { byTags, explainTags, filtersTags } from './tags.ts'

export interface SieveSettings {
  readonly checks: CheckSettings
  readonly tags: TagSettings
  /** Whether rpm and tpm leave a deployment out, or only weigh (`simple-shuffle`). */
  readonly enforcesLimits: boolean
}

export interface SieveOptions {
  /** Ids of deployments that were tried already. */
  readonly exclude: ReadonlySet<string>
  /** Only deployments whose order is above this one. */
  readonly afterOrder?: number | undefined
}

/**
 * Who of a pool can take a call. In this order: unwell by its probe, blocked, resting, held out, full, minute used up, what the call needs (of
 * what is left to this replica), tags, order, tried already. `byState` is kept between calls by `Available`; the rest runs for each call, and only as
 * far as the pool and the call give it something to do.
 */
export class Sieve {
  readonly byState: readonly Filter<Moment>[]
  readonly #exceptRest: readonly Filter<Moment>[]
  readonly #byCall: readonly CallFilter[]
  readonly #tags: { readonly settings: TagSettings; readonly failOpen: boolean } | undefined
  readonly #hasOrders: boolean

  constructor(deployments: readonly Deployment[], { checks, tags, enforcesLimits }: SieveSettings) {
    this.byState = [
      blocked,
      resting,
      heldOut,
      full,
      placeElsewhere,
      ...(enforcesLimits ? [usedUp, requestElsewhere] : []),
    ]
    this.#exceptRest = this.byState.filter(filter => filter !== resting && filter !== heldOut)
    this.#byCall = [
      ...(enforcesLimits && deployments.some(limitsTokens) ? [tooFewTokens, tokensElsewhere] : []),
      ...(checks.enabled ? [contextWindow(deployments), responseFormat] : []),
      region,
    ]
    const failOpen = deployments.every(({ selection }) => selection.allowFailOpen === true)
    this.#tags = filtersTags(deployments, tags) ? { settings: tags, failOpen } : undefined
    this.#hasOrders = new Set(deployments.map(orderOf)).size > 1
  }

  /** Those of the available ones that can take this call. The same list when that is all of them. */
  sift(available: readonly Candidate[], question: Question, options: SieveOptions): readonly Candidate[] {
    let kept = available
    for (const filter of this.#byCall) {
      if (filter.concerns(question)) kept = kept.filter(one => !filter.excludes(one, question))
    }
    if (this.#tags) kept = byTags(kept, question.call, this.#tags)
    if (this.#hasOrders || options.afterOrder !== undefined) kept = byOrder(kept, options.afterOrder)
    if (options.exclude.size > 0) kept = kept.filter(one => !options.exclude.has(one.deployment.id))
    return kept
  }

  /** Those that could take this call if they did not rest. */
  butForRest(all: readonly Candidate[], question: Question, options: SieveOptions): readonly Candidate[] {
    const well = byProbe(all, question)
    const able = well.filter(one => this.#exceptRest.every(filter => !filter.excludes(one, question)))
    return this.sift(able, question, options)
  }

  /** Why each one that is left out would be so, even if it did not rest. */
  explainButForRest(all: readonly Candidate[], question: Question, options: SieveOptions): Map<Candidate, Exclusion> {
    return this.#explain(all, question, { ...options, byState: this.#exceptRest })
  }

  /** The same as `sift` for people: each one that is left out, with the first reason for it. */
  explain(all: readonly Candidate[], question: Question, options: SieveOptions): Map<Candidate, Exclusion> {
    return this.#explain(all, question, { ...options, byState: this.byState })
  }

  #explain(
    all: readonly Candidate[],
    question: Question,
    options: SieveOptions & { readonly byState: readonly Filter<Moment>[] },
  ): Map<Candidate, Exclusion> {
    const excluded = new Map<Candidate, Exclusion>()
    const filters = [...options.byState, ...this.#byCall.filter(one => one.concerns(question))]
    const well = new Set(byProbe(all, question))
    for (const candidate of all) {
      const filter = filters.find(one => one.excludes(candidate, question))
      if (!well.has(candidate)) excluded.set(candidate, { why: 'unwell', text: explainProbe(candidate, question) })
      else if (filter) excluded.set(candidate, { why: filter.why, text: filter.explain(candidate, question) })
    }
    let left: readonly Candidate[] = all.filter(one => !excluded.has(one))
    const leave = (kept: readonly Candidate[], exclusion: (one: Candidate) => Exclusion) => {
      const staying = new Set(kept)
      for (const one of left) if (!staying.has(one)) excluded.set(one, exclusion(one))
      left = kept
    }
    const { call } = question
    const tags = this.#tags
    if (tags) leave(byTags(left, call, tags), one => ({ why: 'tags', text: explainTags(one, call, tags.settings) }))
    leave(byOrder(left, options.afterOrder), one => ({ why: 'order', text: explainOrder(one) }))
    const untried = left.filter(one => !options.exclude.has(one.deployment.id))
    leave(untried, () => ({ why: 'tried', text: 'tried already for this call' }))
    return excluded
  }
}

function limitsTokens({ selection: { tpm, inputTpm, outputTpm } }: Deployment): boolean {
  return (tpm ?? inputTpm ?? outputTpm) !== undefined
}
