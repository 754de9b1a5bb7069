import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GroupStage } from '../../test/support/group-stage.ts'

let stage: GroupStage
beforeAll(async () => {
  stage = await GroupStage.open()
  await stage.scene()
})
afterAll(() => stage.close())

const of = (organization: string) => ({ level: 'organization', subject: organization }) as const

describe('an organization', () => {
  it('is answered with all its fields', async () => {
    const told = await stage.ask('/organization/new', {
      organization_id: 'full',
      organization_alias: 'Full',
      max_budget: 10,
      budget_duration: '1mo',
      models: ['gpt-4o'],
      metadata: { a: 1 },
    })
    expect(told).toEqual({
      organization_id: 'full',
      organization_alias: 'Full',
      budget_id: null,
      metadata: { a: 1 },
      models: ['gpt-4o'],
      spend: 0,
      model_spend: {},
      litellm_budget_table: {
        budget_id: null,
        max_budget: 10,
        soft_budget: null,
        budget_duration: '1mo',
        max_parallel_requests: null,
        tpm_limit: null,
        rpm_limit: null,
        model_max_budget: null,
        budget_limits: null,
        budget_reset_at: expect.any(String),
      },
      created_at: expect.any(String),
      created_by: 'master',
      updated_at: expect.any(String),
      updated_by: 'master',
    })
    expect(await stage.budget(of('full'))).toMatchObject({ limit: 10_000_000_000n, name: 'Full' })
    expect(await stage.refused('/organization/new', { organization_id: 'full' })).toMatchObject({ status: 400 })
  })

  it.each([
    ['ann', 403],
    ['olga', 403],
    ['viewer', 403],
  ])('is not made by %s', async (who, status) => {
    expect(await stage.refused('/organization/new', { organization_id: 'x' }, who)).toMatchObject({ status })
  })

  it('with 0 is bounded to nothing, with null to nothing at all', async () => {
    await stage.ask('/organization/new', { organization_id: 'zero', max_budget: 0 })
    expect(await stage.budget(of('zero'))).toMatchObject({ limit: 0n })
    await stage.ask('/organization/update', { organization_id: 'zero', max_budget: null })
    expect(await stage.budget(of('zero'))).toMatchObject({ limit: undefined })
  })

  it('has its name changed by its administrator, and its bounds by those above', async () => {
    const own = { organization_id: 'acme' }
    expect(await stage.ask('/organization/update', { ...own, organization_alias: 'Acme' }, 'olga')).toMatchObject({
      organization_alias: 'Acme',
      litellm_budget_table: { max_budget: 100 },
    })
    for (const field of [{ max_budget: 200 }, { max_budget: null }, { models: [] }, { tpm_limit: null }])
      expect(await stage.refused('/organization/update', { ...own, ...field }, 'olga')).toMatchObject({ status: 403 })
    expect(await stage.refused('/organization/update', own, 'rita')).toMatchObject({ status: 404 })
    expect(await stage.refused('/organization/update', own, 'ann')).toMatchObject({ status: 404 })
    expect(await stage.refused('/organization/update', own, 'viewer')).toMatchObject({ status: 403 })
    expect(await stage.refused('/organization/update', { organization_id: 'none' }, 'rita')).toMatchObject({
      status: 404,
    })
  })

  it('is seen by those who administer it', async () => {
    expect(await stage.ask('/organization/info', { organization_id: 'acme' }, 'olga')).toMatchObject({
      organization_id: 'acme',
      members: expect.arrayContaining([expect.objectContaining({ user_id: 'ann', user_role: 'internal_user' })]),
      teams: [{ team_id: 'a-team' }],
    })
    for (const who of ['ann', 'rita', 'dan'])
      expect(await stage.refused('/organization/info', { organization_id: 'acme' }, who)).toMatchObject({ status: 404 })
    const list = async (who: string) =>
      (await stage.ask<{ organization_id: string }[]>('/organization/list', {}, who)).map(one => one.organization_id)
    expect(await list('olga')).toEqual(['acme'])
    expect(await list('ann')).toEqual([])
    expect(await list('viewer')).toEqual(['acme', 'full', 'rival', 'zero'])
    expect(await stage.ask('/organization/list', { page: '2', page_size: '3' })).toHaveLength(1)
  })
})

describe('members of an organization', () => {
  it('come from elsewhere by administrators of the gateway only', async () => {
    const add = (user_id: string, role = 'internal_user') => ({ organization_id: 'acme', member: { user_id, role } })
    for (const user of ['eve', 'dan', 'unheard-of'])
      expect(await stage.refused('/organization/member_add', add(user), 'olga')).toMatchObject({ status: 404 })
    const told = await stage.ask('/organization/member_add', add('dora'))
    expect(told).toEqual({
      organization_id: 'acme',
      updated_users: [expect.objectContaining({ user_id: 'dora' })],
      updated_organization_memberships: [
        {
          organization_id: 'acme',
          user_id: 'dora',
          user_email: 'dora@example.com',
          user_role: 'internal_user',
          budget_id: null,
          spend: 0,
          litellm_budget_table: null,
        },
      ],
    })
    expect(await stage.refused('/organization/member_add', add('dora'))).toMatchObject({ status: 400 })
    expect(await stage.refused('/organization/member_add', add('eric', 'proxy_admin'))).toMatchObject({ status: 400 })
    const budget = { ...add('eric'), max_budget_in_organization: 5 }
    expect(await stage.refused('/organization/member_add', budget)).toMatchObject({ status: 400 })
  })

  it('become administrators by an administrator, and not by themselves', async () => {
    const update = (user_id: string, role: string) => ({ organization_id: 'acme', user_id, role })
    for (const who of ['carl', 'eve'])
      expect(await stage.refused('/organization/member_update', update('carl', 'org_admin'), who)).toMatchObject({
        status: 404,
      })
    expect(await stage.refused('/organization/member_update', update('olga', 'org_admin'), 'olga')).toMatchObject({
      status: 403,
    })
    expect(await stage.ask('/organization/member_update', update('carl', 'org_admin'), 'olga')).toMatchObject({
      user_id: 'carl',
      user_role: 'org_admin',
    })
    expect(await stage.ask('/organization/info', { organization_id: 'acme' }, 'carl')).toBeDefined()
    await stage.ask('/organization/member_update', update('carl', 'internal_user'), 'olga')
    expect(await stage.refused('/organization/member_update', update('eve', 'internal_user'), 'olga')).toMatchObject({
      status: 404,
    })
  })

  it('leave it', async () => {
    const input = { organization_id: 'acme', user_id: 'dora' }
    expect(await stage.refused('/organization/member_delete', input, 'rita')).toMatchObject({ status: 404 })
    expect(await stage.ask('/organization/member_delete', input, 'olga')).toMatchObject({ user_id: 'dora' })
    expect(await stage.refused('/organization/member_delete', input, 'olga')).toMatchObject({ status: 404 })
    expect(await stage.changes()).toEqual(expect.arrayContaining(['organization:acme', 'user:dora']))
  })
})

describe('the end of an organization', () => {
  it('takes its teams, keys and memberships with it, and leaves its users', async () => {
    await stage.ask('/organization/new', { organization_id: 'end', max_budget: 1 })
    await stage.ask('/user/new', { user_id: 'u-end', organizations: ['end'], auto_create_key: false })
    await stage.ask('/team/new', { team_id: 't-end', organization_id: 'end', members: ['u-end'] })
    await stage.key('k-team', { team_id: 't-end', organization_id: 'end' })
    await stage.key('k-organization', { organization_id: 'end' })
    expect(await stage.refused('/organization/delete', { organization_ids: ['end'] }, 'olga')).toMatchObject({
      status: 403,
    })
    const told = await stage.ask('/organization/delete', { organization_ids: ['end'] })
    expect(told).toMatchObject([{ organization_id: 'end' }])
    expect(await stage.keys()).toEqual([])
    for (const place of [of('end'), { level: 'team', subject: 't-end' }, { level: 'key', subject: 'k-team' }] as const)
      expect(await stage.budget(place)).toBeUndefined()
    expect(await stage.ask('/user/info', { user_id: 'u-end' })).toMatchObject({
      user_info: { organization_memberships: [], teams: [] },
    })
    expect(await stage.changes()).toEqual(
      expect.arrayContaining(['organization:end', 'team:t-end', 'key:k-team', 'key:k-organization', 'user:u-end']),
    )
    expect(await stage.refused('/organization/delete', { organization_ids: ['end'] })).toMatchObject({ status: 404 })
  })
})
