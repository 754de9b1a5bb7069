import { type BudgetTerms, budgetId } from '../../core/budget.ts'
import type { Attempt, Call } from '../../core/call.ts'
import type { Caller } from '../../core/caller.ts'
import type { Deployment } from '../../core/deployment.ts'
import type { ChargedBudget } from '../authority.ts'
import { budgetText } from './journal-line.ts'
import { LocalHold } from './local-hold.ts'

/** Who bears what is spent: budgets that bound it, and budgets that only count it. */
export interface Bearers {
  readonly bounded: readonly BudgetTerms[]
  readonly counted: readonly ChargedBudget[]
  /** Those that count it, in the lines of the journal; empty for none. */
  readonly countedText: string
}

const NOBODY: Bearers = { bounded: [], counted: [], countedText: '' }

/** What the whole gateway spends is counted, also where nothing bounds it. */
const GATEWAY: BudgetTerms = {
  id: budgetId({ level: 'gateway', subject: '' }),
  level: 'gateway',
  subject: '',
  period: 'total',
  limit: undefined,
}

/** Finds the budgets of a call: those of its caller and the gateway, and those of the deployment that it goes to. */
export class BearersOf {
  readonly #gateway: readonly BudgetTerms[]
  readonly #tags: ReadonlyMap<string, readonly BudgetTerms[]>
  readonly #providers: ReadonlyMap<string, readonly BudgetTerms[]>
  readonly #deployments: ReadonlyMap<string, readonly BudgetTerms[]>
  readonly #known = new WeakMap<Caller, Map<string, Bearers>>()
  readonly #nobodys = new Map<string, Bearers>()
  readonly #places = new WeakMap<Deployment, Bearers>()

  /** @param configured budgets of the gateway, of tags, providers and deployments. */
  constructor(configured: readonly BudgetTerms[]) {
    const gateway = configured.filter(({ level }) => level === 'gateway')
    this.#gateway = gateway.some(({ id }) => id === GATEWAY.id) ? gateway : [GATEWAY, ...gateway]
    this.#tags = bySubject(configured, 'tag')
    this.#providers = bySubject(configured, 'provider')
    this.#deployments = bySubject(configured, 'deployment')
  }

  /** The same object for the same caller and pool, unless the call has tags with budgets. */
  call({ pool, record, options }: Call): Bearers {
    const { caller, tags } = options
    const own = this.#tags.size > 0 && tags ? tags.flatMap(tag => this.#tags.get(tag) ?? []) : []
    if (own.length > 0) return this.#find(caller, [pool, record.requestedPool], own)
    const known = this.#knownOf(caller)
    const key = pool === record.requestedPool ? pool : `${pool}\0${record.requestedPool}`
    let bearers = known.get(key)
    if (!bearers) {
      // Names of pools come from clients: whoever makes them up must not fill the memory.
      if (known.size >= MAX_POOLS) known.clear()
      bearers = this.#find(caller, [pool, record.requestedPool], [])
      known.set(key, bearers)
    }
    return bearers
  }

  /** The budgets of an attempt's deployment and its provider, and its caller's for that pool which its call does not hold on. */
  attempt(attempt: Attempt): Bearers {
    const place = this.#place(attempt.deployment)
    const own = ofItsPool(attempt)
    return own.length === 0 ? place : { ...place, bounded: [...place.bounded, ...own] }
  }

  #place(deployment: Deployment): Bearers {
    if (this.#providers.size + this.#deployments.size === 0) return NOBODY
    const known = this.#places.get(deployment)
    if (known) return known
    const { id, entryId = id, provider } = deployment
    const bearers = split([...(this.#providers.get(provider) ?? []), ...(this.#deployments.get(entryId) ?? [])])
    this.#places.set(deployment, bearers)
    return bearers
  }

  #knownOf(caller: Caller | undefined): Map<string, Bearers> {
    if (!caller) return this.#nobodys
    let known = this.#known.get(caller)
    if (!known) {
      known = new Map()
      this.#known.set(caller, known)
    }
    return known
  }

  #find(caller: Caller | undefined, pools: readonly string[], tags: readonly BudgetTerms[]): Bearers {
    const all = [...(caller?.budgets ?? []), ...tags, ...this.#gateway]
    const concerned = all.filter(terms => terms.pool === undefined || pools.includes(terms.pool))
    return split(distinct(concerned))
  }
}

const MAX_POOLS = 100
const NONE: readonly BudgetTerms[] = []

/** A call comes to a pool by other names than the pool's own as well: an alias, a deployment's id, a fallback. */
function ofItsPool({ deployment, pool, hold, options: { caller } }: Attempt): readonly BudgetTerms[] {
  if (!caller?.budgets.some(terms => terms.pool !== undefined)) return NONE
  const pools = [pool, deployment.pool]
  const concerned = caller.budgets.filter(terms => terms.pool !== undefined && pools.includes(terms.pool))
  return concerned.filter(({ id, limit }) => limit !== undefined && !(hold instanceof LocalHold && hold.isOn(id)))
}

/** One of each id: the one that bounds, where one does. */
function distinct(all: readonly BudgetTerms[]): readonly BudgetTerms[] {
  const found = new Map<string, BudgetTerms>()
  for (const terms of all) if (found.get(terms.id)?.limit === undefined) found.set(terms.id, terms)
  return [...found.values()]
}

/** The same by whether they bound or count. */
export function split(terms: readonly BudgetTerms[]): Bearers {
  if (terms.length === 0) return NOBODY
  const counted = terms.filter(({ limit }) => limit === undefined)
  return {
    bounded: terms.filter(({ limit }) => limit !== undefined),
    counted: counted.map(one => ({ terms: one, windowStart: undefined })),
    countedText: counted.length === 0 ? '' : `[${counted.map(({ id }) => budgetText(id, undefined)).join(',')}]`,
  }
}

function bySubject(configured: readonly BudgetTerms[], level: BudgetTerms['level']): Map<string, BudgetTerms[]> {
  const found = new Map<string, BudgetTerms[]>()
  for (const terms of configured) {
    if (terms.level !== level) continue
    const own = found.get(terms.subject) ?? []
    own.push(terms)
    found.set(terms.subject, own)
  }
  return found
}
