import type { Kysely } from 'kysely'
import type { Ms } from '../core/clock.ts'
import { dropOldChanges } from './changes.ts'
import type { Database } from './schema.ts'

const EVERY_MS: Ms = 5 * 60_000
/** A replica that has been dead for so long, and has nothing under lease, is forgotten. What was written off stays. */
const REMEMBERED_MS: Ms = 7 * 24 * 3600 * 1000

/** When to sweep again. */
export class SweepSchedule {
  #next: Ms | undefined

  isDue(now: Ms): boolean {
    const due = this.#next !== undefined && now >= this.#next
    if (due || this.#next === undefined) this.#next = now + EVERY_MS
    return due
  }
}

/** Deletes what nobody will ask for again. */
export async function sweep(db: Kysely<Database>, now: Ms): Promise<void> {
  await dropOldChanges(db, now)
  await db
    .deleteFrom('replicas')
    .where('expires_at', '<', now - REMEMBERED_MS)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('leases')
            .select('budget_id')
            .whereRef('leases.replica', '=', 'replicas.id')
            .where('written_off', '=', 0)
            .where('amount', '>', 0n),
        ),
      ),
    )
    .execute()
}
