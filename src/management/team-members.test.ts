import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GroupStage } from '../../test/support/group-stage.ts'

let stage: GroupStage
beforeAll(async () => {
  stage = await GroupStage.open()
  await stage.scene()
})
afterAll(() => stage.close())

const of = (team: string, user: string) => ({ level: 'team_member', subject: `${team}/${user}` }) as const

describe('a member who is added', () => {
  it('is answered with the team, the user and the membership', async () => {
    await stage.ask('/team/new', { team_id: 't1' })
    const told = await stage.ask('/team/member_add', {
      team_id: 't1',
      member: { user_email: 'DAN@example.com', role: 'admin' },
      max_budget_in_team: 3,
    })
    expect(told).toMatchObject({
      team_id: 't1',
      members_with_roles: [{ user_id: 'dan', user_email: 'dan@example.com', role: 'admin' }],
      updated_users: [{ user_id: 'dan', user_email: 'dan@example.com', user_role: 'internal_user' }],
      updated_team_memberships: [
        { user_id: 'dan', team_id: 't1', role: 'admin', spend: 0, litellm_budget_table: { max_budget: 3 } },
      ],
    })
    expect(await stage.budget(of('t1', 'dan'))).toMatchObject({ limit: 3_000_000_000n })
    expect(await stage.changes()).toEqual(expect.arrayContaining(['team:t1', 'user:dan']))
  })

  it('is added with others, all or none', async () => {
    await stage.ask('/team/new', { team_id: 't2' })
    const member = [{ user_id: 'ann' }, { user_id: 'bob', role: 'admin' }]
    expect(await stage.ask('/team/member_add', { team_id: 't2', member })).toMatchObject({ members: ['ann', 'bob'] })
    const before = await stage.everything()
    const again = { team_id: 't2', member: [{ user_id: 'newcomer' }, { user_id: 'ann' }] }
    expect(await stage.refused('/team/member_add', again)).toMatchObject({ status: 400 })
    expect(await stage.everything()).toBe(before)
  })

  it('may spend nothing with 0, and is not bounded with null', async () => {
    await stage.ask('/team/new', { team_id: 't3' })
    await stage.ask('/team/member_add', { team_id: 't3', member: { user_id: 'ann' }, max_budget_in_team: 0 })
    await stage.ask('/team/member_add', { team_id: 't3', member: { user_id: 'bob' }, max_budget_in_team: null })
    expect(await stage.budget(of('t3', 'ann'))).toMatchObject({ limit: 0n })
    expect(await stage.budget(of('t3', 'bob'))).toMatchObject({ limit: undefined })
  })

  it('by the administrator of the team is one of the same tenant, or unknown', async () => {
    const add = (user_id: string, team_id: string, who: string) =>
      stage.refused('/team/member_add', { team_id, member: { user_id } }, who)
    for (const user of ['eve', 'dan', 'rita', 'unheard-of'])
      expect(await add(user, 'a-team', 'ann')).toMatchObject({ status: 404 })
    for (const user of ['ann', 'eve', 'unheard-of'])
      expect(await add(user, 'loose', 'dan')).toMatchObject({ status: 404 })
    const byMail = { team_id: 'a-team', member: { user_email: 'eve@example.com' } }
    expect(await stage.refused('/team/member_add', byMail, 'ann')).toMatchObject({ status: 404 })
    const told = await stage.ask('/team/member_add', { team_id: 'a-team', member: { user_id: 'carl' } }, 'ann')
    expect(told.updated_users).toEqual([{ user_id: 'carl', user_email: 'carl@example.com', user_alias: null }])
    await stage.ask('/team/member_add', { team_id: 'loose', member: { user_id: 'eric' } }, 'dan')
  })

  it.each(['bob', 'viewer'])('is not added by %s, who is no administrator', async who => {
    const input = { team_id: 'a-team', member: { user_id: 'olga' } }
    expect(await stage.refused('/team/member_add', input, who)).toMatchObject({ status: 403 })
  })

  it.each(['eve', 'rita', 'carla'])('is not added by %s, who knows of no such team', async who => {
    await stage.ask('/user/new', { user_id: 'carla', auto_create_key: false }).catch(() => undefined)
    const input = { team_id: 'a-team', member: { user_id: 'eve' } }
    expect(await stage.refused('/team/member_add', input, who)).toMatchObject({ status: 404 })
  })
})

describe('a member who is changed', () => {
  it('is answered with what holds now; budgets follow', async () => {
    const told = await stage.ask(
      '/team/member_update',
      { team_id: 'a-team', user_email: 'bob@example.com', max_budget_in_team: 2, rpm_limit: 5, role: 'user' },
      'ann',
    )
    expect(told).toEqual({
      team_id: 'a-team',
      user_id: 'bob',
      user_email: 'bob@example.com',
      role: 'user',
      max_budget_in_team: 2,
      budget_duration: null,
      tpm_limit: null,
      rpm_limit: 5,
    })
    expect(await stage.budget(of('a-team', 'bob'))).toMatchObject({ limit: 2_000_000_000n })
    await stage.ask('/team/member_update', { team_id: 'a-team', user_id: 'bob', max_budget_in_team: null })
    expect(await stage.budget(of('a-team', 'bob'))).toMatchObject({ limit: undefined })
    const [row] = (await stage.audit('team/member_update')).filter(one => one.kind === 'team')
    expect(row).toMatchObject({ actor: 'key-of-ann', subject: 'a-team' })
    expect(JSON.parse(row?.after ?? '')).toMatchObject({ user_id: 'bob', max_budget: 2, rpm_limit: 5 })
  })

  it('does not raise their own budget', async () => {
    const own = { team_id: 'a-team', user_id: 'ann' }
    for (const field of [{ max_budget_in_team: 9 }, { max_budget_in_team: null }, { rpm_limit: null }])
      expect(await stage.refused('/team/member_update', { ...own, ...field }, 'ann')).toMatchObject({ status: 403 })
    await stage.ask('/team/member_update', { ...own, max_budget_in_team: 9 }, 'olga')
  })

  it('does not make themselves an administrator', async () => {
    const own = { team_id: 'a-team', user_id: 'bob', role: 'admin' }
    expect(await stage.refused('/team/member_update', own, 'bob')).toMatchObject({ status: 403 })
  })

  it('is not told from nobody when they are no member', async () => {
    for (const who of [{ user_id: 'eve' }, { user_id: 'nobody' }, { user_email: 'eve@example.com' }])
      expect(await stage.refused('/team/member_update', { team_id: 'a-team', ...who }, 'ann')).toMatchObject({
        status: 404,
      })
    expect(await stage.refused('/team/member_update', { team_id: 'a-team' }, 'ann')).toMatchObject({ status: 400 })
  })
})

describe('a member who leaves', () => {
  it('loses their keys of the team and their budget in it, and keeps the others', async () => {
    await stage.ask('/team/new', { team_id: 'leave', members: ['bob'], team_member_budget: 1 })
    await stage.key('k-leave', { team_id: 'leave', user_id: 'bob' })
    await stage.key('k-service', { team_id: 'leave' })
    await stage.key('k-own', { user_id: 'bob' })
    const told = await stage.ask('/team/member_delete', { team_id: 'leave', user_email: 'bob@example.com' })
    expect(told).toMatchObject({ team_id: 'leave', members: [], members_with_roles: [] })
    expect(await stage.keys()).toEqual(['k-own', 'k-service'])
    expect(await stage.budget(of('leave', 'bob'))).toBeUndefined()
    expect(await stage.changes()).toEqual(expect.arrayContaining(['key:k-leave', 'team:leave', 'user:bob']))
  })

  it('is not sent away by plain members or strangers', async () => {
    const input = { team_id: 'a-team', user_id: 'ann' }
    expect(await stage.refused('/team/member_delete', input, 'bob')).toMatchObject({ status: 403 })
    expect(await stage.refused('/team/member_delete', input, 'eve')).toMatchObject({ status: 404 })
  })
})

describe('many members', () => {
  it('are added as far as it goes, and each is told', async () => {
    await stage.ask('/team/new', { team_id: 'many', organization_id: 'acme', members: ['ann'] })
    await stage.ask('/team/member_update', { team_id: 'many', user_id: 'ann', role: 'admin' })
    const members = [{ user_id: 'bob' }, { user_id: 'eve' }, { user_id: 'ann' }]
    const told = await stage.ask('/team/bulk_member_add', { team_id: 'many', members, max_budget_in_team: 1 }, 'ann')
    expect(told).toMatchObject({
      team_id: 'many',
      total_requested: 3,
      successful_additions: 1,
      failed_additions: 2,
      results: [
        { user_id: 'bob', success: true, error: null, updated_team_membership: { team_id: 'many' } },
        { user_id: 'eve', success: false, error: expect.stringContaining('no user') },
        { user_id: 'ann', success: false, error: expect.stringContaining('already') },
      ],
      updated_team: { members: ['ann', 'bob'] },
    })
    expect(await stage.budget(of('many', 'bob'))).toMatchObject({ limit: 1_000_000_000n })
  })

  it('are all users only when an administrator of the gateway says so', async () => {
    expect(await stage.refused('/team/bulk_member_add', { team_id: 'many', all_users: true }, 'ann')).toMatchObject({
      status: 403,
    })
    const told = await stage.ask<{ successful_additions: number; updated_team: { members: unknown[] } }>(
      '/team/bulk_member_add',
      { team_id: 'many', all_users: true },
    )
    const users = await stage.db.selectFrom('users').select('id').execute()
    expect(told.updated_team.members).toHaveLength(users.length)
    expect(told.successful_additions).toBe(users.length - 2)
    for (const input of [{}, { members: [], all_users: false }, { members: [{ user_id: 'bob' }], all_users: true }])
      expect(await stage.refused('/team/bulk_member_add', { team_id: 'many', ...input })).toMatchObject({ status: 400 })
  })
})
