import type { AccessGroups } from '../core/access-groups.ts'
import { ACCESS_DEFAULTS, type AccessSettings } from '../core/access-settings.ts'
import type { BudgetTerms } from '../core/budget.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import type { LimitSettings } from '../core/limit-settings.ts'
import type { Secret } from '../core/secret.ts'
import type { Store } from '../store/store.ts'
import { Callers } from './callers.ts'
import { openKeyHash } from './key-hash.ts'

export interface OpenCallersOptions {
  readonly store: Store
  readonly access?: AccessSettings
  readonly limits?: LimitSettings
  /** Names that stand for several pools in grants. Default: none. */
  readonly accessGroups?: AccessGroups
  /** Budgets that the configuration sets: those of the gateway and of tags count here. */
  readonly budgets?: readonly BudgetTerms[]
  /** TOLLGATE_KEY_PEPPER; default: the store's own. */
  readonly pepper?: Secret | undefined
  readonly clock?: Clock
}

/** Who asks, by the keys of a store and as the configuration says. */
export async function openCallers(options: OpenCallersOptions): Promise<Callers> {
  const { store, access = ACCESS_DEFAULTS, limits, budgets = [], accessGroups, pepper, clock = systemClock } = options
  return new Callers({
    store,
    clock,
    hash: await openKeyHash(store, pepper),
    cache: access.cache,
    accessGroups,
    gatewayBudgets: budgets.filter(({ level }) => level === 'gateway'),
    tagBudgets: budgets.filter(({ level }) => level === 'tag'),
    gatewayLimits: limits?.gateway ?? [],
    keyParallel: limits?.keyParallel,
    userBudgetForTeamKeys: access.userBudgetForTeamKeys,
    endUserBudget: access.endUserBudget,
    endUserPlan: access.endUserPlan,
  })
}
