import type { Kysely } from 'kysely'
import type { Ms } from '../core/clock.ts'
import { type Change, EVERYTHING } from '../ledger/authority.ts'
import type { Database } from './schema.ts'

/**
 * How long a change may take from its time to its commit: it is written within a transaction, whose statements are
 * bounded, and others with a later time may be visible before it.
 */
const OVERLAP_MS: Ms = 30_000
/** Whoever has not read for so long hears that everything may have changed. */
const KEPT_MS: Ms = 10 * 60_000
const AT_ONCE = 1000

/**
 * Notes within the transaction of the changes, so that every replica hears of them at its next pulse. `now` is the store's
 * (`Store.now`).
 */
export async function noteChanges(db: Kysely<Database>, now: Ms, changes: readonly Change[]): Promise<void> {
  // A statement has room for a few thousand values.
  for (let at = 0; at < changes.length; at += AT_ONCE) {
    const rows = changes.slice(at, at + AT_ONCE).map(({ kind, id }) => ({ kind, id, at: now }))
    await db.insertInto('changes').values(rows).execute()
  }
}

/** Deletes what every replica has heard of. */
export async function dropOldChanges(db: Kysely<Database>, now: Ms): Promise<void> {
  await db
    .deleteFrom('changes')
    .where('at', '<', now - KEPT_MS)
    .execute()
}

/**
 * Reads changes, each once, however long the last reading is ago. They are numbered when they are written and seen when they are
 * committed, which may be the other way round: so it reads again what was recent then, and leaves out what it has told. Numbers
 * beyond those that it has seen are new whatever their time says: processes that share a file have clocks of their own, and
 * PostgreSQL's may be set back.
 */
export class ChangeReader {
  readonly #told = new Map<number, Ms>()
  readonly #from: Ms
  #last: Ms
  /** The latest number that was there. Undefined: nothing was read yet. */
  #seen: number | undefined

  /** @param from changes before it are old news, by the store's clock. */
  constructor(from: Ms) {
    this.#from = from
    this.#last = from
  }

  async read(db: Kysely<Database>, now: Ms): Promise<Change[]> {
    const since = Math.max(this.#from, this.#last - OVERLAP_MS)
    const seen = this.#seen ?? (await latestNumber(db))
    const rows = await db
      .selectFrom('changes')
      .select(['seq', 'kind', 'id', 'at'])
      .where(where => where.or([where('at', '>=', since), where('seq', '>', seen)]))
      .orderBy('seq')
      .execute()
    const fresh = rows.filter(({ seq }) => !this.#told.has(seq))
    for (const { seq, at } of fresh) this.#told.set(seq, at)
    for (const [seq, at] of this.#told) if (at < since) this.#told.delete(seq)
    const isAll = since >= now - KEPT_MS
    this.#last = now
    this.#seen = Math.max(seen, rows.at(-1)?.seq ?? seen)
    if (!isAll) return [EVERYTHING]
    return fresh.map(({ kind, id }) => ({ kind: kind as Change['kind'], id }))
  }
}

async function latestNumber(db: Kysely<Database>): Promise<number> {
  const { latest } = await db
    .selectFrom('changes')
    .select(max => max.fn.max('seq').as('latest'))
    .executeTakeFirstOrThrow()
  return Number(latest ?? 0)
}
