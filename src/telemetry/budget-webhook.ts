import type { BudgetState } from '../core/budget.ts'
import { type Clock, type Ms, systemClock } from '../core/clock.ts'
import { nanoToUsd, showUsd } from '../core/money.ts'
import type { MoneySettings } from '../core/money-settings.ts'

export interface BudgetWebhookOptions {
  readonly clock?: Clock
  /** Told when an alert could not be delivered. */
  readonly warn: (message: string) => void
  readonly fetch?: typeof globalThis.fetch
}

/** Tells a URL of budgets whose soft limit, or limit, was passed. */
export interface BudgetWebhook {
  /** Returns at once; never throws. */
  tell(crossing: BudgetCrossing): void
  /** Settles when all that was told has been delivered, or given up. */
  idle(): Promise<void>
}

export interface BudgetCrossing {
  readonly budget: BudgetState
  readonly what: 'soft' | 'limit'
}

/** Alerts under way at once; more are dropped, and that is said. */
const MOST = 100
const ANSWER_MS: Ms = 5_000
const WAITS_MS: readonly Ms[] = [1_000, 4_000]

/** Why an alert did not arrive, and whether it may another time. */
interface Problem {
  readonly text: string
  readonly again: boolean
}

/** One POST per crossing, tried three times: when the URL cannot be reached, or says 429 or 5xx. Redirects are not followed. */
export function budgetWebhook(
  { url, headers = {} }: NonNullable<MoneySettings['webhook']>,
  { clock = systemClock, warn, fetch = globalThis.fetch }: BudgetWebhookOptions,
): BudgetWebhook {
  const underWay = new Set<Promise<void>>()
  const own = Object.entries(headers).map(([name, value]) => [name, value.reveal()] as const)

  async function post(body: string): Promise<Problem | undefined> {
    const abort = new AbortController()
    const timer = clock.after(ANSWER_MS, () => abort.abort(new Error(`no answer within ${ANSWER_MS} ms`)))
    try {
      const response = await fetch(url.reveal(), {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...Object.fromEntries(own) },
        body,
        redirect: 'manual',
        signal: abort.signal,
      })
      await response.body?.cancel()
      const { ok, status } = response
      return ok ? undefined : { text: `it answered ${status}`, again: status === 429 || status >= 500 }
    } catch (error) {
      return { text: url.redact(messageOf(error)), again: true }
    } finally {
      timer.cancel()
    }
  }

  async function deliver(body: string): Promise<void> {
    let problem = await post(body)
    for (const wait of WAITS_MS) {
      if (!problem?.again) break
      await new Promise<void>(resolve => void clock.after(wait, resolve))
      problem = await post(body)
    }
    if (problem) warn(`a budget alert was not delivered to ${new URL(url.reveal()).origin}: ${problem.text}`)
  }

  return {
    tell(crossing) {
      if (underWay.size >= MOST) return warn(`a budget alert was dropped: ${MOST} wait for the webhook already`)
      const delivery = deliver(JSON.stringify(budgetAlert(crossing))).finally(() => underWay.delete(delivery))
      underWay.add(delivery)
    },
    async idle() {
      await Promise.all(underWay)
    },
  }
}

/** What is told of a crossing: the webhook's body, and what `onBudget` gets. */
export interface BudgetAlert {
  readonly event: 'soft_budget_crossed' | 'budget_crossed'
  /** One sentence for people. */
  readonly event_message: string
  readonly level: BudgetState['level']
  /** The id of the key (its hash), team, user, ...; the tag; the provider's name; empty for the gateway. */
  readonly subject: string
  readonly name: string | null
  /** The pool that the budget is for; null: all. */
  readonly model: string | null
  readonly period: string
  /** US dollars. */
  readonly spend: number
  readonly soft_budget: number | null
  readonly max_budget: number | null
  /** ISO 8601; null: never. */
  readonly resets_at: string | null
}

export function budgetAlert({ budget, what }: BudgetCrossing): BudgetAlert {
  const { level, subject, name, pool, period, spent, limit, softLimit, resetsAt } = budget
  const passed = what === 'soft' ? softLimit : limit
  const whose = level === 'gateway' ? 'the gateway' : `${level.replace('_', ' ')} ${name ?? subject}`
  const where = pool === undefined ? '' : ` for ${pool}`
  const bound = what === 'soft' ? 'soft limit' : 'limit'
  return {
    event: what === 'soft' ? 'soft_budget_crossed' : 'budget_crossed',
    event_message: `${whose}${where} has spent ${showUsd(spent)}, its ${bound} is ${showUsd(passed ?? 0n)}`,
    level,
    subject,
    name: name ?? null,
    model: pool ?? null,
    period,
    spend: nanoToUsd(spent),
    soft_budget: softLimit === undefined ? null : nanoToUsd(softLimit),
    max_budget: limit === undefined ? null : nanoToUsd(limit),
    resets_at: resetsAt === undefined ? null : new Date(resetsAt).toISOString(),
  }
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
