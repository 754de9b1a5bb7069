import { type Kysely, sql } from 'kysely'
import type { Ms } from '../core/clock.ts'
import type { PostBatch } from '../ledger/authority.ts'
import { SCARCE_MS } from '../ledger/leases.ts'
import { clockOf, eachOf, forShare, forUpdate } from './dialect.ts'
import type { Database } from './schema.ts'

/** What the tables know of replicas: which of them live, and what they have under lease. */

/** The store's time, when the replica's leases had not run out. */
export async function prolong(db: Kysely<Database>, replica: string, leaseMs: Ms): Promise<Ms | undefined> {
  const now = clockOf(db)
  const { rows } = await sql<{ seen_at: number }>`
    update replicas set seen_at = ${now}, expires_at = ${now} + cast(${leaseMs} as bigint)
    where id = ${replica} and claimed = 0 and expires_at >= ${now} returning seen_at`.execute(db)
  return rows[0]?.seen_at
}

/** Budgets that somebody was refused money of while this replica had it under lease. */
export async function scarceOf(db: Kysely<Database>, replica: string, now: Ms): Promise<string[]> {
  const rows = await db
    .selectFrom('budgets')
    // Crossed and not ordered, so that SQLite begins with the few budgets that are scarce: not with all leases of the replica,
    // nor with all budgets in the order of their ids.
    .crossJoin('leases')
    .select('budgets.id')
    .where('budgets.wanted_at', '>', now - SCARCE_MS)
    .whereRef('leases.budget_id', '=', 'budgets.id')
    .whereRef('leases.window_start', '=', 'budgets.window_start')
    .where('leases.replica', '=', replica)
    .where('leases.written_off', '=', 0)
    .where('leases.amount', '>', 0n)
    .execute()
  return rows.map(({ id }) => id).sort()
}

/** Replicas whose leases have run out, those that are gone and have some, and those of the others that are gone. */
export async function deadReplicas(db: Kysely<Database>, others: readonly string[]): Promise<readonly string[]> {
  // From one replica of the leases' index to the next: there may be a million leases, of few.
  const { rows } = await sql<{ id: string }>`
    with recursive lenders (id) as (
      select min(replica) from leases
      union all
      select (select min(replica) from leases where replica > lenders.id) from lenders where lenders.id is not null
    )
    select id from replicas where expires_at < ${clockOf(db)}
    union
    select id from lenders where id not in (select id from replicas)
      and exists (select 1 from leases where replica = lenders.id and amount > 0 and written_off = 0)
    union
    select id from (${eachOf(db, others)}) as others where id not in (select id from replicas)
    order by 1`.execute(db)
  return rows.map(({ id }) => id)
}

/** False: it lives after all. One that nobody knows any more has a row again, so that it can be told when it has left. */
export async function claimReplica(db: Kysely<Database>, replica: string, isCertain: boolean): Promise<boolean> {
  const now = clockOf(db)
  // As if its leases had just run out: longer ago, and the sweep would forget that it is being taken over.
  const { rows } = await sql`
    insert into replicas (id, host, pid, started_at, seen_at, expires_at, batch, claimed)
    values (${replica}, '', 0, ${now}, ${now}, ${now} - 1, 0, 1)
    on conflict (id) do update set claimed = 1,
      expires_at = case when replicas.expires_at < ${now} then replicas.expires_at else ${now} - 1 end
    where ${isCertain ? 1 : 0} = 1 or replicas.claimed = 1 or replicas.expires_at < ${now}
    returning id`.execute(db)
  return rows.length > 0
}

/** Leases of a replica that nobody knows to live would never run out. @throws Error */
export async function checkAlive(db: Kysely<Database>, replica: string): Promise<void> {
  if (await isAlive(db, replica)) return
  throw new Error(`${replica} has not joined, or its leases have run out`)
}

/** Its row stays as it is to the end of the transaction: nobody takes over meanwhile. */
export async function isAlive(db: Kysely<Database>, replica: string): Promise<boolean> {
  const { rows } = await sql`
    select 1 from replicas where id = ${replica} and claimed = 0 and expires_at >= ${clockOf(db)} ${forShare(db)}`.execute(
    db,
  )
  return rows.length > 0
}

/**
 * Waits for who holds its row as it is (`isAlive`), and lets nobody else come to it before the transaction ends. Gives back
 * whether somebody has taken over for it; undefined: nobody knows it.
 */
export async function lockReplica(db: Kysely<Database>, replica: string): Promise<{ isClaimed: boolean } | undefined> {
  const { rows } = await sql<{ claimed: number }>`
    select claimed from replicas where id = ${replica} ${forUpdate(db)}`.execute(db)
  return rows[0] && { isClaimed: rows[0].claimed !== 0 }
}

/** Whether what a batch gives back is taken: once, however often it comes. */
export async function takesReturns(
  db: Kysely<Database>,
  replica: string,
  { number, returns }: PostBatch,
): Promise<boolean> {
  if (returns.length === 0) return false
  if (number === undefined) return true
  const { numUpdatedRows } = await db
    .updateTable('replicas')
    .set({ batch: number })
    .where('id', '=', replica)
    .where('batch', '<', number)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

export interface LeasesWanted {
  /** Whether those that are written off, or the others. Undefined: all. */
  readonly writtenOff?: boolean
  /** Only budgets after this one, in the order of their ids. */
  readonly after?: string
  /** At most so many. */
  readonly most?: number
}

/** Budgets that a replica has leases of, in the order of their ids. */
export async function leasedBy(
  db: Kysely<Database>,
  replica: string,
  { writtenOff, after, most }: LeasesWanted = {},
): Promise<string[]> {
  let query = db.selectFrom('leases').select('budget_id').distinct().where('replica', '=', replica)
  if (writtenOff !== undefined) query = query.where('written_off', '=', writtenOff ? 1 : 0).where('amount', '>', 0n)
  if (after !== undefined) query = query.where('budget_id', '>', after)
  if (most !== undefined) query = query.limit(most)
  const rows = await query.orderBy('budget_id').execute()
  return rows.map(row => row.budget_id)
}
