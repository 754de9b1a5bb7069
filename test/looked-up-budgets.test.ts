import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keyBudgetTerms } from '../src/access/budget-terms.ts'
import { openCallers } from '../src/access/open-callers.ts'
import { ACCESS_DEFAULTS } from '../src/core/access-settings.ts'
import { budgetId } from '../src/core/budget.ts'
import { plainCaller } from '../src/core/caller.ts'
import { blankCustomer, insertCustomer } from '../src/management/customer-rows.ts'
import { defineBudgets } from '../src/store/budgets.ts'
import { openStore } from '../src/store/open-store.ts'
import type { Store } from '../src/store/store.ts'

let folder = ''
let store: Store
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-looked-up-'))
  store = await openStore({ kind: 'sqlite', path: join(folder, 'store.db') })
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Time for a look-up to read what is not committed yet; where it is later, it finds what is new. */
const whileLookedUp = () => new Promise(resolve => setTimeout(resolve, 100))

const dollar = 1_000_000_000n
const limitOf = async (id: string) => (await store.authority.budgets([id]))[0]?.limit

describe('a budget that is lowered while calls look it up', () => {
  it('stays so for an end user who had the default', async () => {
    const callers = await openCallers({ store, access: { ...ACCESS_DEFAULTS, endUserBudget: { max_budget: 100 } } })
    const who = { level: 'end_user', subject: 'u' } as const
    const now = await store.now()
    let asked: unknown
    await store.transaction(async trx => {
      await insertCustomer(trx, { ...blankCustomer('u', 'admin', now), data: '{"max_budget":1}' })
      await defineBudgets(trx, now, [{ ...who, id: budgetId(who), period: 'total', limit: dollar }])
      asked = callers.withSubjects(plainCaller('k'), { endUser: 'u' })
      await whileLookedUp()
    })
    await asked
    expect(await limitOf(budgetId(who))).toBe(dollar)
  })

  it('stays so for a key whose temporary increase has ended', async () => {
    const callers = await openCallers({ store })
    const secret = 'sk-0123456789abcdef0123456789'
    const id = callers.hash.idOf(secret)
    const now = await store.now()
    const before = { max_budget: 10, temp_budget_increase: 5, temp_budget_expiry: now - 1_000 }
    const nothing = {
      alias: null,
      user_id: null,
      team_id: null,
      organization_id: null,
      plan_id: null,
      expires_at: null,
    }
    const dates = { created_at: 0, created_by: null, updated_at: 0, updated_by: null }
    const row = { id, name: 'sk-...6789', blocked: 0, data: JSON.stringify(before), ...nothing, ...dates }
    await store.db.insertInto('keys').values(row).execute()
    await defineBudgets(store.db, now, keyBudgetTerms({ subject: id }, before, now))
    let asked: unknown
    await store.transaction(async trx => {
      const after = { max_budget: 1 }
      await trx
        .updateTable('keys')
        .set({ data: JSON.stringify(after) })
        .where('id', '=', id)
        .execute()
      await defineBudgets(trx, now, keyBudgetTerms({ subject: id }, after, now))
      asked = callers.find(secret)
      await whileLookedUp()
    })
    await asked
    expect(await limitOf(budgetId({ level: 'key', subject: id }))).toBe(dollar)
  })
})
