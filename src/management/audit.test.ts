import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DAY, keyOf, type LedgerStage, ledgerStage, NOON, personOf, twoTeams } from '../../test/support/ledger.ts'
import { defineBudgets } from '../store/budgets.ts'
import { auditList, auditOne } from './audit.ts'
import { globalSpend } from './spend-global.ts'
import { globalSpendReset } from './spend-reset.ts'
import { spendKeys, spendUsers } from './spend-subjects.ts'

let stage: LedgerStage
beforeEach(async () => {
  stage = await ledgerStage()
})
afterEach(() => stage.store.close())

async function audits(count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const row = { id: `a${n}`, at: NOON - n * DAY, actor: 'master', on_behalf_of: n === 1 ? 'ann' : null }
    const change = { action: 'key/update', kind: 'key', subject: `k${n}`, before: '{"alias":"x"}', after: null }
    await stage.store.db
      .insertInto('audit')
      .values({ ...row, ...change })
      .execute()
  }
}

describe('GET /audit', () => {
  it('gives pages of changes, the latest first, and single ones', async () => {
    await audits(12)
    const admin = stage.as('proxy_admin_viewer')
    const list = (await admin.ask(auditList, { page_size: '5', page: '1' })) as { audit_logs: object[] }
    expect(list).toMatchObject({ total: 12, page: 1, page_size: 5, total_pages: 3 })
    expect(list.audit_logs).toHaveLength(5)
    expect(list.audit_logs[1]).toEqual({
      id: 'a1',
      updated_at: '2026-01-09T12:00:00.000Z',
      changed_by: 'ann',
      changed_by_api_key: 'master',
      action: 'key/update',
      table_name: 'key',
      object_id: 'k1',
      before_value: { alias: 'x' },
      updated_values: null,
    })
    expect(await admin.ask(auditOne, { id: 'a1' })).toEqual(list.audit_logs[1])
    const ids = async (input: object) =>
      ((await admin.ask(auditList, input)) as { audit_logs: { id: string }[] }).audit_logs.map(one => one.id)
    expect(await ids({ changed_by: 'ann' })).toEqual(['a1'])
    expect(await ids({ object_id: 'k3' })).toEqual(['a3'])
    expect(await ids({ table_name: 'team' })).toEqual([])
    expect(await ids({ start_date: '2026-01-08', end_date: '2026-01-09' })).toEqual(['a1', 'a2'])
    await expect(admin.ask(auditOne, { id: 'none' })).rejects.toMatchObject({ kind: 'not_found' })
  })

  it('is for those who see everything', async () => {
    for (const operation of [auditList, auditOne])
      await expect(stage.as(personOf('rita')).ask(operation, { id: 'a' })).rejects.toMatchObject({ kind: 'forbidden' })
  })
})

describe('what keys and users have spent', () => {
  beforeEach(async () => {
    await twoTeams(stage.store)
    const { db } = stage.store
    const budget = { limit: 9_000_000_000n, period: 'total' }
    await defineBudgets(db, NOON, [
      { ...budget, id: `key|${keyOf('rita')}`, level: 'key', subject: keyOf('rita') },
      { ...budget, id: `key|${keyOf('bob')}`, level: 'key', subject: keyOf('bob'), limit: undefined },
      { ...budget, id: `key|${keyOf('bob')}|fast|`, level: 'key', subject: keyOf('bob'), pool: 'fast' },
      { ...budget, id: 'user|bob', level: 'user', subject: 'bob' },
      { ...budget, id: 'gateway|', level: 'gateway', subject: '' },
    ])
    await db.updateTable('budgets').set({ spent: 5_000_000_001n }).execute()
    await db
      .updateTable('budgets')
      .set({ spent: 7n })
      .where('id', '=', `key|${keyOf('rita')}`)
      .execute()
  })

  it('is told of each once, the most first', async () => {
    const admin = stage.as('proxy_admin')
    expect(await admin.ask(spendKeys)).toMatchObject([
      { token: keyOf('bob'), key_name: 'sk-...bob', spend: 5.000000001, max_budget: null, team_id: 'blue' },
      { token: keyOf('rita'), spend: 7e-9, max_budget: 9 },
    ])
    expect(await admin.ask(spendUsers)).toMatchObject([{ user_id: 'bob', spend: 5.000000001 }])
    await expect(admin.ask(spendUsers, { user_id: 'none' })).rejects.toMatchObject({ kind: 'not_found' })
    expect(await admin.ask(globalSpend)).toEqual({ spend: 5.000000001, max_budget: 9 })
  })

  it('begins again with nothing for keys and teams, which is noted and told to all replicas', async () => {
    await expect(stage.as('proxy_admin_viewer').ask(globalSpendReset)).rejects.toMatchObject({ kind: 'forbidden' })
    expect(await stage.as('proxy_admin').ask(globalSpendReset)).toMatchObject({ status: 'success' })
    const { db } = stage.store
    const spent = await db.selectFrom('budgets').select(['level', 'spent']).orderBy('level').execute()
    expect(spent.filter(one => one.spent > 0n).map(one => one.level)).toEqual(['gateway', 'user'])
    const audit = await db.selectFrom('audit').select(['action', 'before', 'after']).execute()
    expect(audit).toContainEqual({ action: 'global/spend/reset', before: '{"spent":"7"}', after: '{"spent":"0"}' })
    const changes = await db.selectFrom('changes').select('kind').execute()
    expect(changes.every(one => one.kind === 'budget')).toBe(true)
  })
})
