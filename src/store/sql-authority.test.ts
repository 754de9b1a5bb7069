import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AuthorityUnderTest, postgresAuthority, sqliteAuthority } from '../../test/support/authorities.ts'
import { hasPostgres } from '../../test/support/postgres.ts'
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

function storeOf({ store }: AuthorityUnderTest): Store {
  if (!store) throw new Error('it has no tables')
  return store
}
