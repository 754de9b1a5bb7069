import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GroupStage } from '../../test/support/group-stage.ts'

let stage: GroupStage
beforeAll(async () => {
  stage = await GroupStage.open()
  await stage.scene()
})
afterAll(() => stage.close())

describe('a plan', () => {
  it('is answered with all its fields', async () => {
    const told = await stage.ask('/budget/new', { budget_id: 'p1', max_budget: 5, budget_duration: '7d', tpm_limit: 9 })
    expect(told).toEqual({
      budget_id: 'p1',
      max_budget: 5,
      soft_budget: null,
      budget_duration: '7d',
      model_max_budget: null,
      budget_limits: null,
      max_parallel_requests: null,
      tpm_limit: 9,
      rpm_limit: null,
      budget_reset_at: null,
      created_at: expect.any(String),
      created_by: 'master',
      updated_at: expect.any(String),
      updated_by: 'master',
    })
    expect(await stage.ask('/budget/info', { budgets: ['p1', 'none'] })).toEqual([told])
    expect(await stage.ask('/budget/list')).toEqual([told])
    expect(await stage.ask('/budget/settings', { budget_id: 'p1' })).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ field_name: 'max_budget', field_value: 5, stored_in_db: true }),
        expect.objectContaining({ field_name: 'rpm_limit', field_value: null, stored_in_db: false }),
      ]),
    )
    expect(await stage.refused('/budget/new', { budget_id: 'p1' })).toMatchObject({ status: 400 })
    expect(await stage.refused('/budget/settings', { budget_id: 'none' })).toMatchObject({ status: 404 })
  })

  it('that changes, changes the budgets of all who refer to it, where they say nothing themselves', async () => {
    await stage.ask('/budget/new', { budget_id: 'all', max_budget: 1 })
    await stage.key('k-plan', { user_id: 'ann' })
    await stage.db.updateTable('keys').set({ plan_id: 'all' }).where('id', '=', 'k-plan').execute()
    await stage.db.updateTable('team_members').set({ plan_id: 'all' }).where('user_id', '=', 'bob').execute()
    await stage.ask('/customer/new', { user_id: 'c-plan', budget_id: 'all' })
    await stage.ask('/customer/new', { user_id: 'c-own', budget_id: 'all', max_budget: 3 })
    const before = await stage.changes()
    await stage.ask('/budget/update', { budget_id: 'all', max_budget: 2, budget_duration: '1d' })
    for (const place of [
      { level: 'key', subject: 'k-plan' },
      { level: 'team_member', subject: 'a-team/bob' },
      { level: 'end_user', subject: 'c-plan' },
    ] as const)
      expect(await stage.budget(place)).toMatchObject({ limit: 2_000_000_000n, period: '1d' })
    expect(await stage.budget({ level: 'end_user', subject: 'c-own' })).toMatchObject({ limit: 3_000_000_000n })
    expect((await stage.changes()).slice(before.length)).toContain('plan:all')
    const [row] = await stage.audit('budget/update')
    expect(row).toMatchObject({ kind: 'plan', subject: 'all' })
  })

  it('reaches more than fit into one batch', async () => {
    await stage.ask('/budget/new', { budget_id: 'crowd', max_budget: 1 })
    const dates = { created_at: 0, created_by: null, updated_at: 0, updated_by: null }
    const rows = Array.from({ length: 1_100 }, (_, at) => ({
      id: `m${at}`,
      alias: null,
      blocked: 0,
      plan_id: 'crowd',
      data: '{}',
      ...dates,
    }))
    for (let at = 0; at < rows.length; at += 200)
      await stage.db
        .insertInto('customers')
        .values(rows.slice(at, at + 200))
        .execute()
    await stage.ask('/budget/update', { budget_id: 'crowd', max_budget: 7 })
    for (const id of ['m0', 'm499', 'm500', 'm1099'])
      expect(await stage.budget({ level: 'end_user', subject: id })).toMatchObject({ limit: 7_000_000_000n })
    expect(await stage.refused('/customer/list')).toMatchObject({ status: 400, param: 'page' })
    expect(await stage.ask('/customer/list', { page: '2', page_size: '1000' })).toHaveLength(102)
  })

  it('that somebody refers to is not deleted', async () => {
    expect(await stage.refused('/budget/delete', { id: 'all' })).toMatchObject({ status: 400 })
    await stage.ask('/budget/new', { budget_id: 'idle' })
    expect(await stage.ask('/budget/delete', { id: 'idle' })).toMatchObject({ budget_id: 'idle' })
    expect(await stage.refused('/budget/delete', { id: 'idle' })).toMatchObject({ status: 404 })
  })

  it.each(['olga', 'ann', 'viewer'])('is not made, changed or deleted by %s', async who => {
    for (const [path, input] of [
      ['/budget/new', {}],
      ['/budget/update', { budget_id: 'p1', max_budget: 9 }],
      ['/budget/delete', { id: 'p1' }],
    ] as const)
      expect(await stage.refused(path, input, who)).toMatchObject({ status: 403 })
  })
})
