import type { BudgetLevel, BudgetTerms } from '../../core/budget.ts'
import { isObject } from '../../core/json.ts'
import type { NanoUsd } from '../../core/money.ts'
import type { PostedRow } from '../authority.ts'

/** A row with its charge, as one line of the journal. */
export function journalLine({ id, text, charge, budgets }: PostedRow): string {
  let list = ''
  for (const { terms, windowStart } of budgets) {
    list += `${list === '' ? '' : ','}[${JSON.stringify(terms.id)},${windowStart ?? null}]`
  }
  return `{"id":"${id}","charge":"${charge}","budgets":[${list}],"row":${text}}`
}

/** Reads a line back; undefined when it is torn. */
export function readJournalLine(line: string): PostedRow | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (!isObject(value)) return undefined
  const { id, charge, budgets, row } = value
  if (typeof id !== 'string' || typeof charge !== 'string' || !Array.isArray(budgets) || !isObject(row))
    return undefined
  return {
    id,
    text: JSON.stringify(row),
    charge: amountOf(charge),
    budgets: budgets.flatMap(one => {
      if (!Array.isArray(one) || typeof one[0] !== 'string') return []
      return [{ terms: termsOf(one[0]), windowStart: typeof one[1] === 'number' ? one[1] : undefined }]
    }),
  }
}

function amountOf(text: string): NanoUsd {
  return /^-?\d+$/.test(text) ? BigInt(text) : 0n
}

/** The authority knows the budget, or it has no limit: then this is all there is to say about it. */
function termsOf(id: string): BudgetTerms {
  const [level = 'gateway', subject = '', pool] = id.split('|')
  return {
    id,
    level: level as BudgetLevel,
    subject: decodeURIComponent(subject),
    ...(pool && { pool: decodeURIComponent(pool) }),
    period: 'total',
    limit: undefined,
  }
}
