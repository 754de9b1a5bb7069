import type { Ms } from './clock.ts'
import type { NanoUsd } from './money.ts'

/** Whose spending a budget bounds, from the caller to the whole gateway; the last two are known only when it is routed. */
export type BudgetLevel =
  | 'key'
  | 'team_member'
  | 'user'
  | 'team'
  | 'organization'
  | 'end_user'
  | 'tag'
  | 'gateway'
  | 'provider'
  | 'deployment'

/**
 * How long a budget runs before it begins again. `total`: never. `hour`, `day`, `week` (from Monday) and `month` follow
 * UTC's calendar. A count with a unit (`30s`, `45m`, `12h`, `30d`, `2w`, and `1mo` for calendar months) is exact, from the
 * moment the budget began.
 */
export type Period = 'total' | 'hour' | 'day' | 'week' | 'month' | (string & {})

/** What a budget is, as those who set it describe it. */
export interface BudgetTerms {
  /** Unique and stable: `budgetId`. */
  readonly id: string
  readonly level: BudgetLevel
  /** The id of the key, team, user, ...; the tag, the provider's name; empty for the gateway. */
  readonly subject: string
  /** What people call the subject. Default: the subject. */
  readonly name?: string
  /** Only calls to this pool count. Undefined: all. */
  readonly pool?: string
  readonly period: Period
  /** Undefined: spending is counted and not bounded. 0 lets nothing through. */
  readonly limit: NanoUsd | undefined
  /** Spending that is announced and not refused. */
  readonly softLimit?: NanoUsd
}

/** The parts of a budget that make its id: one main budget per subject, and perhaps others by pool and by window. */
export interface BudgetPlace {
  readonly level: BudgetLevel
  readonly subject: string
  readonly pool?: string
  /** The period of a further window beside the main budget. */
  readonly window?: string
}

/** The id of a budget: it survives a change of limit or of the main budget's period, so that what was spent stays. */
export function budgetId({ level, subject, pool, window }: BudgetPlace): string {
  const own = `${level}|${encodeURIComponent(subject)}`
  if (pool === undefined && window === undefined) return own
  return `${own}|${encodeURIComponent(pool ?? '')}|${window ?? ''}`
}

/** Where a budget stands at the authority. `spent + leased <= limit` holds at every instant, overruns apart. */
export interface BudgetState extends BudgetTerms {
  /** Charged within this window. */
  readonly spent: NanoUsd
  /** Lent to replicas, which hold and charge against it. */
  readonly leased: NanoUsd
  /** Epoch ms by the authority's clock; also names the window. */
  readonly windowStart: Ms
  /** Undefined: never. */
  readonly resetsAt: Ms | undefined
}
