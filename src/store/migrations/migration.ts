import type { Kysely } from 'kysely'
import type { Database } from '../schema.ts'

/** One step of the tables' history. What is released is never edited: what must change gets a step of its own. */
export interface Migration {
  /** Sorts by its number. */
  readonly name: string
  up(db: Kysely<Database>): Promise<void>
}
