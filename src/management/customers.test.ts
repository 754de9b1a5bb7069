import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GroupStage } from '../../test/support/group-stage.ts'
import { ACCESS_DEFAULTS } from '../core/access-settings.ts'

let stage: GroupStage
beforeAll(async () => {
  stage = await GroupStage.open()
  await stage.scene()
})
afterAll(() => stage.close())

const of = (customer: string) => ({ level: 'end_user', subject: customer }) as const

describe('a customer', () => {
  it('is answered with all their fields, under either name of the path', async () => {
    const told = await stage.ask('/customer/new', { user_id: 'c1', alias: 'One', max_budget: 2, budget_duration: '1d' })
    expect(told).toEqual({
      user_id: 'c1',
      alias: 'One',
      blocked: false,
      spend: 0,
      allowed_model_region: null,
      default_model: null,
      litellm_budget_table: {
        budget_id: null,
        max_budget: 2,
        soft_budget: null,
        budget_duration: '1d',
        model_max_budget: null,
        budget_limits: null,
        max_parallel_requests: null,
        tpm_limit: null,
        rpm_limit: null,
        budget_reset_at: expect.any(String),
      },
      created_at: expect.any(String),
      created_by: 'master',
      updated_at: expect.any(String),
      updated_by: 'master',
    })
    expect(await stage.ask('/end_user/info', { end_user_id: 'c1' })).toEqual(told)
    expect(await stage.budget(of('c1'))).toMatchObject({ limit: 2_000_000_000n, name: 'One' })
    expect(await stage.refused('/end_user/new', { user_id: 'c1' })).toMatchObject({ status: 400 })
    expect(await stage.refused('/customer/info', { end_user_id: 'none' })).toMatchObject({ status: 404 })
  })

  it('has their plan, and what they say themselves comes first', async () => {
    await stage.ask('/budget/new', { budget_id: 'plan', max_budget: 4, rpm_limit: 3 })
    await stage.ask('/customer/new', { user_id: 'c2', budget_id: 'plan' })
    expect(await stage.budget(of('c2'))).toMatchObject({ limit: 4_000_000_000n })
    const told = await stage.ask('/customer/update', { user_id: 'c2', max_budget: 0 })
    expect(told).toMatchObject({ litellm_budget_table: { budget_id: 'plan', max_budget: 0, rpm_limit: 3 } })
    expect(await stage.budget(of('c2'))).toMatchObject({ limit: 0n })
    await stage.ask('/customer/update', { user_id: 'c2', budget_id: null, max_budget: null, spend: 1.5 })
    expect(await stage.budget(of('c2'))).toMatchObject({ limit: undefined, spent: 1_500_000_000n })
    const before = await stage.everything()
    expect(await stage.refused('/customer/new', { user_id: 'c3', budget_id: 'none' })).toMatchObject({ status: 404 })
    expect(await stage.everything()).toBe(before)
  })

  it('is blocked, also one of whom nothing was said', async () => {
    const told = await stage.ask('/customer/block', { user_ids: ['c1', 'stranger'] })
    expect(told).toMatchObject({
      blocked_users: [
        { user_id: 'c1', blocked: true },
        { user_id: 'stranger', blocked: true },
      ],
    })
    expect(await stage.ask('/end_user/unblock', { user_ids: ['c1'] })).toMatchObject({
      blocked_users: [{ blocked: false }],
    })
    expect(await stage.refused('/customer/unblock', { user_ids: ['unheard-of'] })).toMatchObject({ status: 404 })
    expect(await stage.changes()).toEqual(expect.arrayContaining(['customer:c1', 'customer:stranger']))
  })

  it('is forgotten with their budget, all or none', async () => {
    const before = await stage.everything()
    expect(await stage.refused('/customer/delete', { user_ids: ['c1', 'none'] })).toMatchObject({ status: 404 })
    expect(await stage.everything()).toBe(before)
    expect(await stage.ask('/customer/delete', { user_ids: ['c1', 'c2'] })).toMatchObject({
      deleted_customers: 2,
      message: expect.stringContaining('c1, c2'),
    })
    expect(await stage.budget(of('c1'))).toBeUndefined()
  })

  it.each(['olga', 'ann', 'viewer'])('is not changed by %s', async who => {
    for (const [path, input] of [
      ['/customer/new', { user_id: 'x' }],
      ['/customer/update', { user_id: 'stranger', max_budget: 9 }],
      ['/customer/block', { user_ids: ['stranger'] }],
      ['/customer/unblock', { user_ids: ['stranger'] }],
      ['/customer/delete', { user_ids: ['stranger'] }],
    ] as const)
      expect(await stage.refused(path, input, who)).toMatchObject({ status: 403 })
  })

  it('is listed for those who see everything', async () => {
    expect(await stage.ask('/customer/list', {}, 'viewer')).toMatchObject([{ user_id: 'stranger' }])
    expect(await stage.refused('/customer/list', {}, 'ann')).toMatchObject({ status: 403 })
  })
})

describe('where the configuration bounds end users', () => {
  it('those without a limit of their own have its limit in the store', async () => {
    const bounded = await GroupStage.open({
      ...ACCESS_DEFAULTS,
      endUserBudget: { max_budget: 0.0000007, budget_duration: 'day' },
    })
    try {
      await bounded.ask('/customer/new', { user_id: 'plain' })
      await bounded.ask('/customer/new', { user_id: 'own', max_budget: 1 })
      expect(await bounded.budget(of('plain'))).toMatchObject({ limit: 700n, period: 'day' })
      expect(await bounded.budget(of('own'))).toMatchObject({ limit: 1_000_000_000n })
    } finally {
      await bounded.close()
    }
  })
})
