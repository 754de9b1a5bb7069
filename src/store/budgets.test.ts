import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AuthorityUnderTest, postgresAuthority, sqliteAuthority } from '../../test/support/authorities.ts'
import { ledgerRow } from '../../test/support/ledger-row.ts'
import { hasPostgres } from '../../test/support/postgres.ts'
import type { BudgetTerms } from '../core/budget.ts'
import { defineBudgets, dropBudgets, setSpent, standOf } from './budgets.ts'
import { dropOldChanges, noteChanges } from './changes.ts'
import type { Store } from './store.ts'

const places: readonly (readonly [string, () => Promise<AuthorityUnderTest>])[] = [
  ['SQLite', sqliteAuthority],
  ...(hasPostgres() ? [['PostgreSQL', postgresAuthority] as const] : []),
]

function terms(id: string, parts: Partial<BudgetTerms> = {}): BudgetTerms {
  return { id, level: 'team', subject: id, period: 'day', limit: 100n, ...parts }
}

describe.each(places)('budgets in %s', (_, open) => {
  let place: AuthorityUnderTest
  let store: Store
  beforeAll(async () => {
    place = await open()
    if (!place.store) throw new Error('no store')
    store = place.store
    await store.authority.join({ id: 'r', host: 'host', pid: 1, leaseMs: 86_400_000 })
  })
  afterAll(() => place.close())

  test('are part of the transaction that defines them', async () => {
    const broken = store.transaction(async trx => {
      await defineBudgets(trx, await store.now(), [terms('a')])
      expect((await standOf(trx, ['a'])).get('a')).toMatchObject({ limit: 100n, spent: 0n })
      throw new Error('no')
    })
    await expect(broken).rejects.toThrow('no')
    expect((await standOf(store.db, ['a'])).size).toBe(0)
  })

  test('begin with their terms, and keep what was spent when these change', async () => {
    const full = terms('b', { name: 'Team B', pool: 'gpt-4o', softLimit: 50n })
    await defineBudgets(store.db, await store.now(), [full, terms('c')])
    expect(await setSpent(store.db, await store.now(), 'b', 42n)).toBe(true)
    await defineBudgets(store.db, await store.now(), [{ ...full, limit: undefined }])
    const stand = await standOf(store.db, ['b', 'c', 'nobody'])
    expect([...stand.keys()].sort()).toEqual(['b', 'c'])
    expect(stand.get('b')).toMatchObject({ ...full, limit: undefined, spent: 42n, leased: 0n })
    expect(await setSpent(store.db, await store.now(), 'nobody', 1n)).toBe(false)
  })

  test('show the next window when theirs is over', async () => {
    await defineBudgets(store.db, await store.now(), [terms('d', { period: '1h' })])
    await setSpent(store.db, await store.now(), 'd', 7n)
    await place.pass(3_600_000)
    expect((await standOf(store.db, ['d'])).get('d')).toMatchObject({ spent: 0n, windowStart: await store.now() })
  })

  test('that are made anew after they were dropped take nothing of what was lent before for their own', async () => {
    const budget = terms('made-anew', { period: 'month', limit: 1_000n })
    const lease = () => store.authority.lease('r', [[{ terms: budget, need: 500n, want: 500n }]])
    const windowOf = ([answer]: Awaited<ReturnType<typeof lease>>) =>
      answer && 'granted' in answer ? answer.granted[0]?.budget.windowStart : undefined
    const old = windowOf(await lease())
    await dropBudgets(store.db, [budget.id])
    await place.pass(1)
    const present = windowOf(await lease())
    const charge = ledgerRow('of-the-dropped', 400n, [{ terms: budget, windowStart: old }])
    const returns = [{ budgetId: budget.id, windowStart: old ?? 0, amount: 100n }]
    await store.authority.post('r', { rows: [charge], returns })
    expect(present).not.toBe(old)
    expect((await standOf(store.db, [budget.id])).get(budget.id)).toMatchObject({ spent: 0n, leased: 500n })
  })

  test('are heard to change also from those whose clock is an hour behind', async () => {
    await store.authority.pulse('r', 86_400_000)
    await noteChanges(store.db, (await store.now()) - 3_600_000, [{ kind: 'key', id: 'revoked' }])
    expect((await store.authority.pulse('r', 86_400_000)).changes).toEqual([{ kind: 'key', id: 'revoked' }])
    expect((await store.authority.pulse('r', 86_400_000)).changes).toEqual([])
  })

  test('are forgotten with what is lent of them, and replicas hear of it', async () => {
    const budget = terms('e')
    await store.authority.lease('r', [[{ terms: budget, need: 10n, want: 10n }]])
    await store.authority.pulse('r', 86_400_000)
    await dropBudgets(store.db, ['e', 'nobody'])
    expect((await standOf(store.db, ['e'])).size).toBe(0)
    expect((await store.authority.pulse('r', 86_400_000)).changes).toContainEqual({ kind: 'budget', id: 'e' })
    const leases = await store.db.selectFrom('leases').selectAll().where('budget_id', '=', 'e').execute()
    expect(leases).toEqual([])
  })

  test('changes: many at once, and the old ones go', async () => {
    const many = Array.from({ length: 2500 }, (_value, index) => ({ kind: 'key' as const, id: `many-${index}` }))
    await store.transaction(async trx => noteChanges(trx, await store.now(), many))
    const heard = (await store.authority.pulse('r', 86_400_000)).changes.filter(({ id }) => id.startsWith('many-'))
    expect(heard).toEqual(many)
    await place.pass(11 * 60_000)
    await dropOldChanges(store.db, await store.now())
    expect(await store.db.selectFrom('changes').selectAll().execute()).toEqual([])
  })
})
