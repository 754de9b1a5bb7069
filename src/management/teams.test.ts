import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GroupStage } from '../../test/support/group-stage.ts'

type Teams = readonly { readonly team_id: string; readonly keys: readonly { readonly token: string }[] }[]

let stage: GroupStage
beforeAll(async () => {
  stage = await GroupStage.open()
  await stage.scene()
})
afterAll(() => stage.close())

describe('a new team', () => {
  it('is answered with all its fields', async () => {
    const told = await stage.ask('/team/new', {
      team_id: 'fields',
      team_alias: 'Fields',
      max_budget: 12.5,
      soft_budget: 10,
      budget_duration: 'monthly',
      models: ['gpt-4o'],
      metadata: { cost_centre: 7 },
      tpm_limit: 10,
      members_with_roles: [{ user_id: 'ann', role: 'admin' }],
    })
    expect(told).toEqual({
      team_id: 'fields',
      team_alias: 'Fields',
      organization_id: null,
      admins: ['ann'],
      members: ['ann'],
      members_with_roles: [{ user_id: 'ann', user_email: 'ann@example.com', role: 'admin' }],
      metadata: { cost_centre: 7 },
      tpm_limit: 10,
      rpm_limit: null,
      max_parallel_requests: null,
      max_budget: 12.5,
      soft_budget: 10,
      budget_duration: 'month',
      model_max_budget: null,
      budget_limits: null,
      models: ['gpt-4o'],
      blocked: false,
      router_settings: null,
      spend: 0,
      budget_reset_at: expect.stringMatching(/-01T00:00:00\.000Z$/),
      model_id: null,
      litellm_model_table: null,
      model_aliases: null,
      tags: null,
      model_rpm_limit: null,
      model_tpm_limit: null,
      rpm_limit_type: null,
      tpm_limit_type: null,
      team_member_permissions: ['/key/info'],
      team_member_budget: null,
      team_member_budget_duration: null,
      team_member_rpm_limit: null,
      team_member_tpm_limit: null,
      team_member_key_duration: null,
      created_at: expect.any(String),
      created_by: 'master',
      updated_at: expect.any(String),
      updated_by: 'master',
    })
  })

  it('has budgets: the main one, one per model and one per window; its members have theirs', async () => {
    await stage.ask('/team/new', {
      team_id: 'budgets',
      max_budget: 10,
      budget_duration: '30d',
      soft_budget: 8,
      model_max_budget: { 'gpt-4o': { budget_limit: 2, time_period: '1d' }, claude: 3 },
      budget_limits: [{ budget_duration: 'daily', max_budget: 1 }],
      team_member_budget: 4,
      team_member_budget_duration: 'weekly',
      members_with_roles: [{ user_id: 'bob' }],
    })
    const team = { level: 'team', subject: 'budgets' } as const
    expect(await stage.budget(team)).toMatchObject({ limit: 10_000_000_000n, softLimit: 8_000_000_000n, period: '30d' })
    expect(await stage.budget({ ...team, pool: 'gpt-4o' })).toMatchObject({ limit: 2_000_000_000n, period: '1d' })
    expect(await stage.budget({ ...team, pool: 'claude' })).toMatchObject({ limit: 3_000_000_000n, period: 'total' })
    expect(await stage.budget({ ...team, window: 'day' })).toMatchObject({ limit: 1_000_000_000n, period: 'day' })
    const member = await stage.budget({ level: 'team_member', subject: 'budgets/bob' })
    expect(member).toMatchObject({ limit: 4_000_000_000n, period: 'week' })
  })

  it('without a budget is counted and not bounded; with 0 it is bounded to nothing', async () => {
    await stage.ask('/team/new', { team_id: 'free' })
    await stage.ask('/team/new', { team_id: 'null', max_budget: null })
    await stage.ask('/team/new', { team_id: 'zero', max_budget: 0 })
    for (const subject of ['free', 'null'])
      expect(await stage.budget({ level: 'team', subject })).toMatchObject({ limit: undefined, spent: 0n })
    expect(await stage.budget({ level: 'team', subject: 'zero' })).toMatchObject({ limit: 0n })
  })

  it('is written down in the audit, and told to the replicas', async () => {
    await stage.ask('/team/new', { team_id: 'noted', metadata: { a: 1 } })
    const [row] = (await stage.audit('team/new')).filter(one => one.subject === 'noted')
    expect(row).toMatchObject({ actor: 'master', kind: 'team', before: null })
    expect(JSON.parse(row?.after ?? '')).toMatchObject({ id: 'noted', metadata: { a: 1 }, created_by: 'master' })
    expect(await stage.changes()).toContain('team:noted')
  })

  it('is refused under an id that is taken, and nothing is changed', async () => {
    const before = await stage.everything()
    expect(await stage.refused('/team/new', { team_id: 'a-team', max_budget: 1 })).toMatchObject({ status: 400 })
    expect(await stage.everything()).toBe(before)
  })

  it('makes unknown members known, as LiteLLM does', async () => {
    await stage.ask('/team/new', { team_id: 'crowd', members: ['somebody-new'] })
    expect(await stage.ask('/user/info', { user_id: 'somebody-new' })).toMatchObject({
      user_info: { user_role: 'internal_user', teams: ['crowd'] },
    })
    expect(await stage.budget({ level: 'user', subject: 'somebody-new' })).toMatchObject({ limit: undefined })
  })

  it('is administered by whoever of an organization made it', async () => {
    const told = await stage.ask('/team/new', { team_id: 'olgas', organization_id: 'acme' }, 'olga')
    expect(told).toMatchObject({ admins: ['olga'], organization_id: 'acme' })
  })

  it('stays within its organization', async () => {
    const ask = (more: object) => stage.refused('/team/new', { organization_id: 'acme', ...more }, 'olga')
    expect(await ask({ max_budget: 101 })).toMatchObject({ status: 400, param: 'max_budget' })
    expect(await ask({ tpm_limit: 1_001 })).toMatchObject({ status: 400, param: 'tpm_limit' })
    expect(await ask({ models: ['llama'] })).toMatchObject({ status: 400, param: 'models' })
    expect(await ask({ models: ['*'] })).toMatchObject({ status: 400, param: 'models' })
    expect(await ask({ metadata: { priority: 'prod' } })).toMatchObject({ status: 403, param: 'metadata' })
    expect(await stage.refused('/team/new', { organization_id: 'rival' }, 'olga')).toMatchObject({ status: 404 })
    expect(await stage.refused('/team/new', { organization_id: 'nobody' }, 'olga')).toMatchObject({ status: 404 })
    expect(await stage.refused('/team/new', {}, 'olga')).toMatchObject({ status: 403 })
  })
})

describe('a change of a team', () => {
  it('keeps what it does not name, takes away what it sets to null, and keeps what was spent', async () => {
    await stage.ask('/team/new', { team_id: 'change', max_budget: 5, rpm_limit: 9, metadata: { a: 1 } })
    const told = await stage.ask('/team/update', { team_id: 'change', rpm_limit: null, max_budget: 7, team_alias: 'X' })
    expect(told).toMatchObject({
      team_id: 'change',
      data: { team_alias: 'X', max_budget: 7, rpm_limit: null, metadata: { a: 1 } },
    })
    expect(await stage.budget({ level: 'team', subject: 'change' })).toMatchObject({ limit: 7_000_000_000n, name: 'X' })
    await stage.ask('/team/update', { team_id: 'change', max_budget: null })
    expect(await stage.budget({ level: 'team', subject: 'change' })).toMatchObject({ limit: undefined })
    const [first] = (await stage.audit('team/update')).filter(row => row.subject === 'change')
    expect(JSON.parse(first?.before ?? '')).toMatchObject({ max_budget: 5, rpm_limit: 9 })
    expect(JSON.parse(first?.after ?? '')).toMatchObject({ max_budget: 7 })
  })

  it('drops the budgets of windows and models that are no longer said', async () => {
    await stage.ask('/team/new', {
      team_id: 'fewer',
      model_max_budget: { a: 1 },
      budget_limits: [{ budget_duration: '1d', max_budget: 1 }],
    })
    await stage.ask('/team/update', { team_id: 'fewer', model_max_budget: null, budget_limits: null })
    expect(await stage.budget({ level: 'team', subject: 'fewer', pool: 'a' })).toBeUndefined()
    expect(await stage.budget({ level: 'team', subject: 'fewer', window: '1d' })).toBeUndefined()
    expect(await stage.budget({ level: 'team', subject: 'fewer' })).toBeDefined()
  })

  it('of what members may spend reaches those who have nothing of their own', async () => {
    await stage.ask('/team/new', { team_id: 'defaults', team_member_budget: 4, members: ['dan', 'dora'] })
    await stage.ask('/team/member_update', { team_id: 'defaults', user_id: 'dora', max_budget_in_team: 9 })
    await stage.ask('/team/update', { team_id: 'defaults', team_member_budget: 2 })
    expect(await stage.budget({ level: 'team_member', subject: 'defaults/dan' })).toMatchObject({
      limit: 2_000_000_000n,
    })
    expect(await stage.budget({ level: 'team_member', subject: 'defaults/dora' })).toMatchObject({
      limit: 9_000_000_000n,
    })
  })

  it('of its organization moves its keys', async () => {
    await stage.ask('/team/new', { team_id: 'mover', models: ['gpt-4o'] })
    await stage.key('k-mover', { team_id: 'mover' })
    await stage.ask('/team/update', { team_id: 'mover', organization_id: 'acme' })
    const row = await stage.db.selectFrom('keys').selectAll().where('id', '=', 'k-mover').executeTakeFirstOrThrow()
    expect(row.organization_id).toBe('acme')
  })

  it('blocks and unblocks', async () => {
    expect(await stage.ask('/team/block', { team_id: 'a-team' }, 'olga')).toMatchObject({ blocked: true })
    expect(await stage.ask('/team/unblock', { team_id: 'a-team' }, 'olga')).toMatchObject({ blocked: false })
    expect((await stage.changes()).filter(change => change === 'team:a-team').length).toBeGreaterThanOrEqual(2)
  })

  it('adds and takes models; taking the last leaves none, not all', async () => {
    await stage.ask('/team/new', { team_id: 'models', models: ['a'] })
    const add = await stage.ask('/team/model/add', { team_id: 'models', models: ['b'] })
    expect(add.models).toEqual(['a', 'b'])
    const taken = await stage.ask('/team/model/delete', { team_id: 'models', models: ['a', 'b'] })
    expect(taken.models).toEqual(['no-default-models'])
    const again = await stage.ask('/team/model/add', { team_id: 'models', models: ['c'] })
    expect(again.models).toEqual(['c'])
    await stage.ask('/team/new', { team_id: 'all-models' })
    expect((await stage.ask('/team/model/add', { team_id: 'all-models', models: ['c'] })).models).toEqual([])
    expect(await stage.refused('/team/model/delete', { team_id: 'all-models', models: ['c'] })).toMatchObject({
      status: 400,
    })
  })

  it('of permissions is for its administrators', async () => {
    const permissions = { team_id: 'a-team', team_member_permissions: ['/key/info', '/key/generate'] }
    const told = await stage.ask('/team/permissions_update', permissions, 'ann')
    expect(told.team_member_permissions).toEqual(['/key/info', '/key/generate'])
    expect(await stage.ask('/team/permissions_list', { team_id: 'a-team' }, 'bob')).toMatchObject({
      ...permissions,
      all_available_permissions: expect.arrayContaining(['/key/delete']),
    })
    expect(await stage.refused('/team/permissions_update', permissions, 'bob')).toMatchObject({ status: 403 })
    const wrong = { team_id: 'a-team', team_member_permissions: ['/user/new'] }
    expect(await stage.refused('/team/permissions_update', wrong, 'ann')).toMatchObject({ status: 400 })
  })
})

describe('who may do what to a team', () => {
  const raises = [
    { max_budget: 60 },
    { max_budget: null },
    { models: [] },
    { models: ['gpt-4o', 'claude'] },
    { blocked: false },
    { organization_id: null },
    { tpm_limit: null },
    { tags: ['cheap'] },
    { model_aliases: { 'gpt-4o': 'claude' } },
    { router_settings: { num_retries: 9 } },
    { team_member_budget: 1_000 },
    { metadata: { priority: 'first' } },
  ]
  it.each(raises)('its administrator does not write %j', async field => {
    const before = await stage.everything()
    expect(await stage.refused('/team/update', { team_id: 'a-team', ...field }, 'ann')).toMatchObject({ status: 403 })
    expect(await stage.everything()).toBe(before)
  })

  it('its administrator writes its name and notes', async () => {
    const told = await stage.ask('/team/update', { team_id: 'a-team', team_alias: 'A', metadata: { b: 2 } }, 'ann')
    expect(told.data).toMatchObject({ team_alias: 'A', metadata: { b: 2 }, max_budget: 50, models: ['gpt-4o'] })
  })

  it.each(['/team/block', '/team/unblock'])('its administrator does not %s it', async path => {
    expect(await stage.refused(path, { team_id: 'a-team' }, 'ann')).toMatchObject({ status: 403 })
  })

  it('its administrator gives it no models and does not delete it', async () => {
    const models = { team_id: 'a-team', models: ['claude'] }
    expect(await stage.refused('/team/model/add', models, 'ann')).toMatchObject({ status: 403 })
    expect(await stage.refused('/team/model/delete', { ...models, models: ['gpt-4o'] }, 'ann')).toMatchObject({
      status: 403,
    })
    expect(await stage.refused('/team/delete', { team_ids: ['a-team'] }, 'ann')).toMatchObject({ status: 403 })
  })

  it('the administrator of its organization gives it what the organization has, and no more', async () => {
    const told = await stage.ask('/team/model/add', { team_id: 'a-team', models: ['claude'] }, 'olga')
    expect(told.models).toEqual(['gpt-4o', 'claude'])
    expect(await stage.refused('/team/model/add', { team_id: 'a-team', models: ['llama'] }, 'olga')).toMatchObject({
      status: 400,
    })
    expect(await stage.refused('/team/update', { team_id: 'a-team', max_budget: 101 }, 'olga')).toMatchObject({
      status: 400,
    })
    expect(await stage.refused('/team/update', { team_id: 'a-team', organization_id: null }, 'olga')).toMatchObject({
      status: 403,
    })
    expect(await stage.refused('/team/update', { team_id: 'a-team', organization_id: 'rival' }, 'olga')).toMatchObject({
      status: 404,
    })
    await stage.ask('/team/model/delete', { team_id: 'a-team', models: ['claude'] }, 'olga')
  })

  it.each(['bob', 'viewer'])('%s sees it and changes nothing', async who => {
    expect(await stage.ask('/team/info', { team_id: 'a-team' }, who)).toMatchObject({ team_id: 'a-team' })
    expect(await stage.refused('/team/update', { team_id: 'a-team', team_alias: 'mine' }, who)).toMatchObject({
      status: 403,
    })
  })

  it.each(['eve', 'rita', 'dan', 'carl'])('to %s it is like a team that there is not', async who => {
    const other = await stage.refused('/team/info', { team_id: 'a-team' }, who)
    const none = await stage.refused('/team/info', { team_id: 'no-team' }, who)
    expect(other).toEqual({ ...none, message: none.message.replace('no-team', 'a-team') })
    expect(other.status).toBe(404)
    for (const path of ['/team/update', '/team/block', '/team/permissions_list', '/team/permissions_update'])
      expect(
        await stage.refused(
          path,
          {
            team_id: 'a-team',
            ...(path.includes('update') && path.includes('perm') && { team_member_permissions: [] }),
          },
          who,
        ),
      ).toMatchObject({ status: 404 })
    expect(await stage.refused('/team/delete', { team_ids: ['a-team'] }, who)).toMatchObject({ status: 404 })
  })

  it('a key of another team does nothing to it, in whosever hands', async () => {
    const bound = { ...(await stage.callerOf('olga')), teamId: 'olgas' }
    expect(await stage.refused('/team/update', { team_id: 'a-team', team_alias: 'x' }, bound)).toMatchObject({
      status: 403,
    })
    expect(await stage.refused('/team/new', { organization_id: 'acme' }, bound)).toMatchObject({ status: 403 })
  })
})

describe('the end of a team', () => {
  it('takes its keys, memberships and budgets with it, and tells of each key', async () => {
    await stage.ask('/team/new', { team_id: 'end', organization_id: 'acme', members: ['bob'], max_budget: 1 })
    await stage.key('k-end', { team_id: 'end', user_id: 'bob' })
    await stage.key('k-stays', { user_id: 'bob' })
    expect(await stage.ask('/team/delete', { team_ids: ['end'] }, 'olga')).toEqual({ deleted_teams: ['end'] })
    expect(await stage.keys()).toContain('k-stays')
    expect(await stage.keys()).not.toContain('k-end')
    for (const place of [
      { level: 'team', subject: 'end' },
      { level: 'team_member', subject: 'end/bob' },
      { level: 'key', subject: 'k-end' },
    ] as const)
      expect(await stage.budget(place)).toBeUndefined()
    expect(await stage.changes()).toEqual(expect.arrayContaining(['team:end', 'key:k-end']))
    const rows = await stage.audit('team/delete')
    expect(rows.map(row => `${row.kind}:${row.subject}`)).toEqual(expect.arrayContaining(['key:k-end', 'team:end']))
    expect(rows.every(row => row.before !== null && row.after === null)).toBe(true)
  })

  it('is all or nothing', async () => {
    await stage.ask('/team/new', { team_id: 'one' })
    const before = await stage.everything()
    expect(await stage.refused('/team/delete', { team_ids: ['one', 'none'] })).toMatchObject({ status: 404 })
    expect(await stage.everything()).toBe(before)
  })
})

describe('lists of teams', () => {
  const idsOf = (teams: Teams) => teams.map(team => team.team_id)
  const list = (input: object, who?: string) => stage.ask<Teams>('/team/list', { ...input }, who)
  const page = (input: object) => stage.ask<{ total: number; teams: Teams }>('/v2/team/list', { ...input })

  it('hold what the caller may see', async () => {
    expect(idsOf(await list({}, 'eve'))).toEqual(['r-team'])
    expect(idsOf(await list({}, 'rita'))).toEqual(['r-team'])
    expect(idsOf(await list({}, 'carl'))).toEqual([])
    expect(idsOf(await list({}, 'bob'))).toContain('a-team')
    expect(idsOf(await list({ organization_id: 'acme' }, 'rita'))).toEqual([])
    expect(idsOf(await list({ user_id: 'eve' }, 'olga'))).toEqual([])
    expect(idsOf(await list({}, 'viewer'))).toEqual(expect.arrayContaining(['a-team', 'r-team', 'loose']))
  })

  it('come in pages', async () => {
    const first = await page({ page_size: '2', sort_by: 'team_id', sort_order: 'asc' })
    expect(first).toMatchObject({ page: 1, page_size: 2, total_pages: Math.ceil(first.total / 2) })
    const second = await page({
      page: '2',
      page_size: '2',
      sort_by: 'team_id',
      sort_order: 'asc',
    })
    const ids = idsOf([...first.teams, ...second.teams])
    expect(ids).toEqual([...new Set(ids)].sort())
    expect(ids).toHaveLength(4)
    for (const wrong of [{ page_size: '101' }, { page: '0' }, { page: 'x' }, { sort_by: 'spend; drop table teams' }])
      expect(await stage.refused('/v2/team/list', wrong)).toMatchObject({ status: 400 })
  })

  it('find a part of the name, in which % and _ are letters', async () => {
    await stage.ask('/team/new', { team_id: 'percent', team_alias: '100%_\\sure' })
    const find = async (team_alias: string) => idsOf((await page({ team_alias })).teams)
    expect(await find('100%')).toEqual(['percent'])
    expect(await find('%_\\S')).toEqual(['percent'])
    expect(await find('_\\sure')).toEqual(['percent'])
    expect(await find('1_0')).toEqual([])
    expect(await find('%%')).toEqual([])
    expect(await find("' or 1=1 --")).toEqual([])
    expect(await find('%'.repeat(256))).toEqual([])
  })

  it('there is none that anybody may join', async () => {
    expect(await stage.ask('/team/available', {}, 'bob')).toEqual([])
  })
})

describe('a team that is looked at', () => {
  it('shows its administrators all keys and members, and members their own', async () => {
    await stage.key('k-ann', { team_id: 'a-team', user_id: 'ann' })
    await stage.key('k-bob', { team_id: 'a-team', user_id: 'bob' })
    const asAdmin = await stage.ask<Teams[number] & { team_memberships: unknown }>(
      '/team/info',
      { team_id: 'a-team' },
      'ann',
    )
    expect(asAdmin.keys.map(key => key.token).sort()).toEqual(['k-ann', 'k-bob'])
    expect(asAdmin.team_memberships).toHaveLength(2)
    const asMember = await stage.ask('/team/info', { team_id: 'a-team' }, 'bob')
    expect(asMember.keys).toMatchObject([{ token: 'k-bob', key_name: 'sk-...k-bob', spend: 0 }])
    expect(asMember.team_memberships).toEqual([
      {
        user_id: 'bob',
        team_id: 'a-team',
        role: 'user',
        budget_id: null,
        spend: 0,
        litellm_budget_table: {
          budget_id: null,
          max_budget: null,
          budget_duration: null,
          budget_reset_at: null,
          tpm_limit: null,
          rpm_limit: null,
          max_parallel_requests: null,
        },
      },
    ])
    const [listed] = (await stage.ask<Teams>('/team/list', {}, 'bob')).filter(team => team.team_id === 'a-team')
    expect(listed?.keys).toHaveLength(1)
  })
})

it('the tags of a team are given by administrators of the gateway, wherever they are said', async () => {
  const team = { team_id: 'tagged', organization_id: 'acme' }
  await stage.ask('/team/new', { ...team, tags: ['red'], metadata: { tags: ['blue'] } })
  for (const said of [{ tags: [] }, { tags: null }, { tags: ['free'] }, { metadata: {} }])
    expect(await stage.refused('/team/update', { ...team, ...said }, 'olga')).toMatchObject({ status: 403 })
  expect(await stage.ask('/team/update', { ...team, tags: ['red'], team_alias: 'T' }, 'olga')).toMatchObject({
    data: { tags: ['red'], team_alias: 'T' },
  })
  expect(await stage.refused('/team/new', { ...team, team_id: 'other', tags: ['free'] }, 'olga')).toMatchObject({
    status: 403,
    param: 'tags',
  })
})
