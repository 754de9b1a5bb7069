import type { BudgetLevel, BudgetTerms } from '../../core/budget.ts'
import type { Ms } from '../../core/clock.ts'
import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { NanoUsd } from '../../core/money.ts'
import type { PostedRow } from '../authority.ts'

/** What a line says of a row. */
export interface Line {
  readonly id: string
  readonly charge: NanoUsd
  /** Who bears it: `budgetText` of each, with commas between them. */
  readonly budgets: string
}

/** A budget, and the window that it is charged in, as lines have them. */
export function budgetText(id: string, windowStart: Ms | undefined): string {
  return `[${JSON.stringify(id)},${windowStart ?? null}]`
}

/** A row before it is dialled: `row` is all of it. */
export function beginLine({ id, charge, budgets }: Line, row: string): string {
  return `{"id":"${id}","charge":"${charge}","budgets":[${budgets}],"row":${row}}\n`
}

/** The same when it has ended: `members` are those that are different now. Half the bytes of a whole row, and of its time. */
export function endLine({ id, charge, budgets }: Line, members: string): string {
  return `{"id":"${id}","charge":"${charge}","budgets":[${budgets}],"end":{${members}}}\n`
}

/**
 * Reads the lines of a journal in their order; torn ones say nothing. The end of a row whose beginning is not there was
 * begun in a journal that others have taken over: they have posted it.
 */
export function readLines(lines: Iterable<string>): PostedRow[] {
  const rows = new Map<string, Read>()
  for (const line of lines) {
    const read = line === '' ? undefined : readLine(line, rows)
    if (read) rows.set(read.id, read)
  }
  return [...rows.values()].map(({ row, ...posted }) => ({ ...posted, text: JSON.stringify(row) }))
}

type Read = Omit<PostedRow, 'text'> & { readonly row: JsonObject }

function readLine(line: string, known: ReadonlyMap<string, Read>): Read | undefined {
  const value = parsed(line)
  if (!isObject(value)) return undefined
  const { id, charge, budgets, row, end } = value
  if (typeof id !== 'string' || typeof charge !== 'string' || !Array.isArray(budgets)) return undefined
  const before = known.get(id)?.row
  const whole = isObject(row) ? row : isObject(end) && before ? { ...before, ...end } : undefined
  return whole && { id, charge: amountOf(charge), budgets: budgets.flatMap(chargedOf), row: whole }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function chargedOf(one: Json): PostedRow['budgets'] {
  if (!Array.isArray(one) || typeof one[0] !== 'string') return []
  return [{ terms: termsOf(one[0]), windowStart: typeof one[1] === 'number' ? one[1] : undefined }]
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
