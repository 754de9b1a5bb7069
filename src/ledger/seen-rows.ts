import type { PostedRow } from './authority.ts'

/** More than any replica repeats: a batch is sent again at once, or after a restart. */
const REMEMBERED = 20_000

/** Which rows there are already. Without keeping them it remembers the ids of the newest only. */
export class SeenRows {
  readonly #keep: boolean
  readonly #rows: PostedRow[] = []
  #ids = new Set<string>()
  #olderIds = new Set<string>()

  constructor(keep: boolean) {
    this.#keep = keep
  }

  get rows(): readonly PostedRow[] {
    return this.#rows
  }

  /** Whether the row is new. */
  add(row: PostedRow): boolean {
    if (this.#ids.has(row.id) || this.#olderIds.has(row.id)) return false
    this.#ids.add(row.id)
    if (this.#keep) this.#rows.push(row)
    else if (this.#ids.size >= REMEMBERED) {
      this.#olderIds = this.#ids
      this.#ids = new Set()
    }
    return true
  }
}
