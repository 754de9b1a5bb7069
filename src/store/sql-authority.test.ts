import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AuthorityUnderTest, postgresAuthority, sqliteAuthority } from '../../test/support/authorities.ts'
import { hasPostgres } from '../../test/support/postgres.ts'
import { budgetOf } from '../../test/support/till.ts'
import { checkAlive } from './replica-rows.ts'
import type { Store } from './store.ts'

const HOUR = 3_600_000

/** What an authority in tables promises when these stand in its way. */
const places: readonly (readonly [string, () => Promise<AuthorityUnderTest>])[] = [
  ['SQLite', sqliteAuthority],
  ...(hasPostgres() ? [['PostgreSQL', postgresAuthority] as const] : []),
]

describe.each(places)('authority in the tables of %s', (_, open) => {
  let place: AuthorityUnderTest
  beforeAll(async () => {
    place = await open()
  })
  afterAll(() => place.close())

  test('changes that a pulse has read and not told, because it failed, are told by the next', async () => {
    const { schema } = storeOf(place).db
    await place.authority.join({ id: 'r', host: 'host', pid: 1, leaseMs: HOUR })
    await place.authority.pulse('r', HOUR)
    await place.note({ kind: 'key', id: 'revoked' })
    await schema.alterTable('budgets').renameTo('away').execute()
    await expect(place.authority.pulse('r', HOUR)).rejects.toThrow()
    await schema.alterTable('away').renameTo('budgets').execute()
    expect((await place.authority.pulse('r', HOUR)).changes).toEqual([{ kind: 'key', id: 'revoked' }])
    expect((await place.authority.pulse('r', HOUR)).changes).toEqual([])
  })
})

describe.runIf(hasPostgres())('authority in PostgreSQL', () => {
  let place: AuthorityUnderTest
  beforeAll(async () => {
    place = await postgresAuthority()
  })
  afterAll(() => place.close())

  test('what a replica has under lease is told when all that is being lent to it is lent', async () => {
    const { authority } = place
    const terms = budgetOf('late', 1_000n)
    await authority.join({ id: 'r', host: 'host', pid: 1, leaseMs: HOUR })
    await authority.lease('r', [[{ terms, need: 1n, want: 1n }]])
    const leases = await storeOf(place).transaction(async trx => {
      // As `lease` does it: the end of its transaction is slow.
      await checkAlive(trx, 'r')
      await trx.updateTable('leases').set({ amount: 501n }).where('budget_id', '=', terms.id).execute()
      const told = authority.leases('r')
      await waits(told)
      return { told }
    })
    expect(await leases.told).toMatchObject([{ amount: 501n }])
  })

  test('a budget that somebody has locked fails what wants it, and the replica lives on', async () => {
    const { authority } = place
    const terms = budgetOf('locked', 1_000n)
    await authority.join({ id: 'r', host: 'host', pid: 1, leaseMs: HOUR })
    const ask = () => authority.lease('r', [[{ terms, need: 1n, want: 1n }]])
    const back = { budgetId: terms.id, windowStart: 0, amount: 1n }
    await ask()
    await storeOf(place).transaction(async trx => {
      await trx.updateTable('budgets').set({ name: 'x' }).where('id', '=', terms.id).execute()
      const refused = [ask(), authority.post('r', { rows: [], returns: [back], number: 1 })].map(one =>
        expect(one).rejects.toMatchObject({ kind: 'unavailable', code: 'store_busy' }),
      )
      expect((await authority.pulse('r', HOUR)).alive).toBe(true)
      await Promise.all(refused)
    })
    expect(await ask()).toMatchObject([{ granted: [{ amount: 1n }] }])
  })

  /** Until somebody waits for a lock, or what is asked is answered. */
  async function waits(asked: Promise<unknown>): Promise<void> {
    let isAnswered = false
    const answered = () => (isAnswered = true)
    asked.then(answered, answered)
    while (!isAnswered) {
      const { rows } = await sql`select 1 from pg_locks where not granted`.execute(storeOf(place).db)
      if (rows.length > 0) return
    }
  }
})

function storeOf({ store }: AuthorityUnderTest): Store {
  if (!store) throw new Error('it has no tables')
  return store
}
