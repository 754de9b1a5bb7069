import type { BudgetLevel, BudgetState } from '../../core/budget.ts'
import { Failure, type FailureOptions } from '../../core/failure.ts'
import type { JsonObject } from '../../core/json.ts'
import { type NanoUsd, nanoToUsd, showUsd } from '../../core/money.ts'

/** What people call the levels. */
const LEVELS: Readonly<Record<BudgetLevel, string>> = {
  key: 'key',
  team_member: 'team member',
  user: 'user',
  team: 'team',
  organization: 'organization',
  end_user: 'end user',
  tag: 'tag',
  gateway: 'gateway',
  provider: 'provider',
  deployment: 'deployment',
}

/** A budget has not so much left. */
export class OverBudget extends Failure {
  /** What is left of it, and not held. */
  readonly remaining: NanoUsd

  constructor(budget: BudgetState, message: string, options: FailureOptions) {
    const { level, limit = 0n, spent, leased } = budget
    super(level === 'provider' || level === 'deployment' ? 'deployment_over_budget' : 'over_budget', message, options)
    const remaining = limit - spent - leased
    this.remaining = remaining > 0n ? remaining : 0n
  }
}

/** A budget has not as much left as the call may cost. Says which, and how it stands. */
export function overBudget(budget: BudgetState, amount: NanoUsd, now: number): OverBudget {
  const { limit = 0n, spent, leased, resetsAt } = budget
  const reset =
    resetsAt === undefined ? 'it does not begin again by itself' : `it begins again at ${timeText(resetsAt)}`
  const message =
    `the ${periodText(budget)}budget of ${nameOf(budget)} has not enough left: limit ${showUsd(limit)}, spent ${showUsd(spent)}, ` +
    `held ${showUsd(leased)}, and this call may cost up to ${showUsd(amount)}; ${reset}`
  return new OverBudget(budget, message, {
    code: 'insufficient_quota',
    ...(resetsAt !== undefined && { retryAfterMs: Math.max(resetsAt - now, 0) }),
    details: { budget: shown(budget, amount) },
  })
}

/** Nobody can say what is left, so nothing is spent. */
export function awayFailure(cause: unknown): Failure {
  return new Failure(
    'unavailable',
    'budgets cannot be checked at present, because the store does not answer; try again',
    {
      code: 'budget_store_unavailable',
      retryAfterMs: 1_000,
      cause,
    },
  )
}

/** What is to be written to the store has piled up to the limit. */
export function backlogFailure(): Failure {
  return new Failure('unavailable', 'the store does not take ledger rows, and no more can be kept; try again', {
    code: 'ledger_backlog_full',
    retryAfterMs: 1_000,
  })
}

/** What is dialled from now on could not be charged any more. */
export function closedFailure(): Failure {
  return new Failure('unavailable', 'this process stops and takes no more calls; try again', {
    code: 'stopping',
    retryAfterMs: 1_000,
  })
}

function shown(budget: BudgetState, amount: NanoUsd): JsonObject {
  const { level, subject, name, pool, period, limit = 0n, spent, leased, resetsAt } = budget
  return {
    level,
    ...(name !== undefined && { name }),
    // The hash of a key is nobody else's business.
    ...(level !== 'key' && { subject }),
    ...(pool !== undefined && { model: pool }),
    period,
    limit_usd: nanoToUsd(limit),
    spent_usd: nanoToUsd(spent),
    held_usd: nanoToUsd(leased),
    needed_usd: nanoToUsd(amount),
    resets_at: resetsAt === undefined ? null : timeText(resetsAt),
  }
}

function nameOf({ level, subject, name, pool }: BudgetState): string {
  const what = LEVELS[level]
  const who = name ?? (level === 'key' ? '' : subject)
  const whose = level === 'gateway' ? 'the gateway' : `${what}${who === '' ? '' : ` '${who}'`}`
  return pool === undefined ? whose : `${whose} for ${pool}`
}

function periodText({ period }: BudgetState): string {
  return period === 'total' ? '' : `${period} `
}

function timeText(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z')
}
