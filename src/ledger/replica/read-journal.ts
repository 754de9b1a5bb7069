import type { BudgetLevel, BudgetTerms } from '../../core/budget.ts'
import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { NanoUsd } from '../../core/money.ts'
import type { PostedRow } from '../authority.ts'
import { unsettledMembers } from './record-of.ts'

type Read = Omit<PostedRow, 'text'> & { readonly row: JsonObject; readonly hasEnded: boolean }

/**
 * Reads the lines of a journal (`LineWriter`) in their order; torn ones say nothing. An attempt without an end was under way
 * when its process died: the worst is taken to have been spent. The end of a row whose beginning is not there was begun in a
 * journal that others have taken over: they have posted it.
 */
export function readLines(lines: Iterable<string>): PostedRow[] {
  const rows = new Map<string, Read>()
  const named = new Map<number, Json>()
  for (const line of lines) {
    const value = parsed(line)
    if (!isObject(value)) continue
    if (typeof value.name === 'number' && value.is !== undefined) named.set(value.name, value.is)
    else {
      const read = readRow(value, { rows, named })
      if (read) rows.set(read.id, read)
    }
  }
  return [...rows.values()].map(({ row, hasEnded, ...posted }) => {
    const whole = hasEnded ? row : { ...row, ...unsettledMembers(row, posted.charge) }
    return { ...posted, text: JSON.stringify(whole) }
  })
}

interface Known {
  readonly rows: ReadonlyMap<string, Read>
  /** By the names that lines have for them. */
  readonly named: ReadonlyMap<number, Json>
}

function readRow({ id, charge, bearers, shared, row, end }: JsonObject, { rows, named }: Known): Read | undefined {
  if (typeof id !== 'string' || typeof charge !== 'string' || !Array.isArray(bearers)) return undefined
  const about = { id, charge: amountOf(charge), budgets: meant(bearers, named).flatMap(budgetsOf) }
  if (isObject(row) && Array.isArray(shared)) {
    const members = meant(shared, named).filter(isObject)
    // A row whose members are not known is none.
    if (members.length < shared.length) return undefined
    return { ...about, row: Object.assign({}, ...members, row), hasEnded: false }
  }
  const before = rows.get(id)
  return before && isObject(end) ? { ...about, row: { ...before.row, ...end }, hasEnded: true } : undefined
}

function meant(names: readonly Json[], named: ReadonlyMap<number, Json>): Json[] {
  return names.flatMap(name => {
    const value = typeof name === 'number' ? named.get(name) : undefined
    return value === undefined ? [] : [value]
  })
}

function parsed(line: string): unknown {
  // Behind what was written, a file has bytes that are reserved.
  if (line === '' || line.startsWith('\0')) return undefined
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function budgetsOf(list: Json): PostedRow['budgets'] {
  if (!Array.isArray(list)) return []
  return list.flatMap(one => {
    if (!Array.isArray(one) || typeof one[0] !== 'string') return []
    return [{ terms: termsOf(one[0]), windowStart: typeof one[1] === 'number' ? one[1] : undefined }]
  })
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
