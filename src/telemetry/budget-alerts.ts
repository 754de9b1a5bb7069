import type { BudgetState } from '../core/budget.ts'
import type { Clock } from '../core/clock.ts'
import { type NanoUsd, nanoToUsd } from '../core/money.ts'
import type { Secret } from '../core/secret.ts'

/** A budget has passed its soft limit, or its limit. Told once per window, by one of the replicas. */
export interface BudgetAlert {
  readonly event: 'soft_budget_crossed' | 'budget_crossed'
  /** One sentence for people. */
  readonly message: string
  readonly level: BudgetState['level']
  /** The id of the key (its hash), team, user, ...; the tag; the provider. */
  readonly subject: string
  readonly name: string | null
  /** The pool that it is for; null: all. */
  readonly model: string | null
  readonly period: string
  /** US dollars. */
  readonly spend: number
  readonly max_budget: number | null
  readonly soft_budget: number | null
  /** ISO 8601. */
  readonly budget_reset_at: string | null
}

export function budgetAlert(budget: BudgetState, what: 'soft' | 'limit'): BudgetAlert {
  const { level, subject, name, pool, period, spent, limit, softLimit, resetsAt } = budget
  const passed = what === 'soft' ? 'soft limit' : 'limit'
  const of = `${level}${subject === '' ? '' : ` ${name ?? subject}`}${pool === undefined ? '' : ` for ${pool}`}`
  return {
    event: what === 'soft' ? 'soft_budget_crossed' : 'budget_crossed',
    message: `the ${passed} of the ${period} budget of ${of} is passed: $${nanoToUsd(spent)} spent`,
    level,
    subject,
    name: name ?? null,
    model: pool ?? null,
    period,
    spend: nanoToUsd(spent),
    max_budget: usd(limit),
    soft_budget: usd(softLimit),
    budget_reset_at: resetsAt === undefined ? null : new Date(resetsAt).toISOString(),
  }
}

function usd(nano: NanoUsd | undefined): number | null {
  return nano === undefined ? null : nanoToUsd(nano)
}

export interface BudgetWebhookParts {
  readonly url: Secret
  readonly headers?: Readonly<Record<string, Secret>>
  readonly warn: (message: string) => void
  readonly clock: Clock
  /** Default: the platform's. */
  readonly fetch?: typeof fetch
}

/** Alerts that wait to be sent; later ones are dropped and said. */
const MAX_WAITING = 100
const ANSWER_MS = 5_000
const TRIES = 3
const RETRY_MS = 1_000

/** Sends alerts to a URL as JSON, one after the other. A failure is tried again twice, then said. */
export function budgetWebhook(parts: BudgetWebhookParts): (alert: BudgetAlert) => void {
  let waiting = 0
  let last = Promise.resolve()
  return alert => {
    if (waiting >= MAX_WAITING) return parts.warn(`the budget webhook is slow: an alert was dropped: ${alert.message}`)
    waiting++
    last = last.then(() => send(alert, parts)).finally(() => waiting--)
  }
}

async function send(alert: BudgetAlert, { url, headers = {}, warn, clock, fetch: post = fetch }: BudgetWebhookParts) {
  const revealed = Object.entries(headers).map(([name, value]) => [name, value.reveal()] as const)
  for (let tries = 1; ; tries++) {
    try {
      const { ok, status, body } = await post(url.reveal(), {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...Object.fromEntries(revealed) },
        body: JSON.stringify(alert),
        redirect: 'error',
        signal: AbortSignal.timeout(ANSWER_MS),
      })
      await body?.cancel()
      if (ok) return
      throw new Error(`it answered ${status}`)
    } catch (error) {
      const why = error instanceof Error ? url.redact(error.message) : 'unknown'
      if (tries === TRIES) return warn(`a budget alert could not be sent to the webhook: ${why}: ${alert.message}`)
    }
    await new Promise<void>(resolve => clock.after(RETRY_MS, resolve).unref?.())
  }
}
