import type { PostedRow } from '../../src/ledger/authority.ts'
import { beginLine, budgetText, endLine } from '../../src/ledger/replica/journal-line.ts'

/** A row as the journal has it before the dial. */
export function begun(row: PostedRow): string {
  return beginLine(about(row), row.text)
}

/** A row as the journal has it when it has ended. */
export function ended(row: PostedRow): string {
  return endLine(about(row), row.text.slice(1, -1))
}

function about({ id, charge, budgets }: PostedRow) {
  return { id, charge, budgets: budgets.map(one => budgetText(one.terms.id, one.windowStart)).join(',') }
}
