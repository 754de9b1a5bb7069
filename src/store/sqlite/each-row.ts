import type { GatheredRows } from '../gathered-rows.ts'

/** The parameter of a statement that is run for each of many rows, in one message. It answers the rows that changed nothing. */
export class EachRow {
  /** In the order of the statement's values. */
  readonly columns: readonly string[]
  readonly rows: GatheredRows

  constructor(columns: readonly string[], rows: GatheredRows) {
    this.columns = columns
    this.rows = rows
  }
}
