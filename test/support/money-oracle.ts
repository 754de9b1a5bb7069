import type { Upstream } from '../../src/testing/index.ts'
import { billed, type OracleRates } from './oracle.ts'
import type { LedgerCopy } from './read-ledger.ts'

/** Prices of a deployment, as its configuration says them in dollars per token, and as the oracle reckons with them. */
export interface OraclePrice {
  readonly input: string
  readonly output: string
  readonly rates: OracleRates
}

/** Prices with so many nano-dollars per million tokens. */
export function priceOf(input: bigint, output: bigint): OraclePrice {
  return { input: perToken(input), output: perToken(output), rates: { input, output } }
}

/** What an upstream has billed, by the test's own log and arithmetic, for the calls that hold a mark in their prompt. */
export class MoneyOracle {
  readonly #upstream: Upstream
  readonly #price: OraclePrice

  constructor(upstream: Upstream, price: OraclePrice) {
    this.#upstream = upstream
    this.#price = price
  }

  /** The attempts that the upstream has read, with what it bills for each; 0 where it has not answered. */
  attempts(mark: string): readonly { readonly id: string; readonly bill: bigint }[] {
    return this.#upstream.log
      .filter(({ prompt }) => prompt === mark)
      .map(({ attemptId = '', counted }) => ({ id: attemptId, bill: counted ? this.bill(counted) : 0n }))
  }

  billOf(mark: string): bigint {
    return this.attempts(mark).reduce((sum, { bill }) => sum + bill, 0n)
  }

  bill(usage: { readonly inputTokens: number; readonly outputTokens: number }): bigint {
    return billed(this.#price.rates, usage)
  }
}

export interface Audit {
  readonly ledger: LedgerCopy
  /** The keys that have called. */
  readonly keyIds: readonly string[]
  /** The budget that bears all of it. */
  readonly budgetId: string
  readonly limit: bigint
  readonly attempts: ReturnType<MoneyOracle['attempts']>
  /** Processes were killed: what was under way is charged at its worst price then, even if the upstream never saw it. */
  readonly killed: boolean
}

/**
 * All in which the books differ from what the upstream has billed, in words. Each attempt has one row with its bill to the
 * nano-dollar; what is spent is the sum of the rows, and within the limit.
 */
export function audit({ ledger, keyIds, budgetId, limit, attempts, killed }: Audit): string[] {
  const wrong: string[] = []
  const bills = new Map(attempts.map(({ id, bill }) => [id, bill]))
  const rows = ledger.rows.filter(({ key_id }) => key_id !== null && keyIds.includes(key_id))
  const ids = new Set(rows.map(({ id }) => id))
  for (const { id } of attempts) if (!ids.has(id)) wrong.push(`attempt ${id} has no row`)
  if (ids.size < rows.length) wrong.push('two rows have one id')
  for (const { id, outcome, charge, held } of rows) {
    const bill = bills.get(id)
    const says = `row ${id} (${outcome}) charges ${charge}, held was ${held}, billed ${bill}`
    if (killed && outcome === 'unsettled') {
      if (charge !== held || charge < (bill ?? 0n)) wrong.push(says)
    } else if (charge !== (bill ?? 0n)) wrong.push(says)
  }
  const sum = rows.reduce((total, { charge }) => total + charge, 0n)
  if (sum > limit) wrong.push(`${sum} is charged of ${limit}`)
  const budget = ledger.budgets.find(({ id }) => id === budgetId)
  if (budget?.limit_nano !== limit) wrong.push(`budget ${budgetId} has the limit ${budget?.limit_nano}, not ${limit}`)
  if (budget?.spent !== sum) wrong.push(`budget ${budgetId} has ${budget?.spent} spent, and rows of ${sum}`)
  return wrong
}

/** Nano-dollars per million tokens as dollars per token, in plain digits. */
function perToken(rate: bigint): string {
  const digits = rate.toString().padStart(16, '0')
  return `${digits.slice(0, -15)}.${digits.slice(-15)}`
}
