import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GroupStage } from '../../test/support/group-stage.ts'
import { ACCESS_DEFAULTS } from '../core/access-settings.ts'

let stage: GroupStage
beforeAll(async () => {
  stage = await GroupStage.open()
  await stage.scene()
})
afterAll(() => stage.close())

const of = (user: string) => ({ level: 'user', subject: user }) as const
const noKey = { auto_create_key: false } as const

describe('a new user', () => {
  it('is answered with all their fields', async () => {
    const told = await stage.ask('/user/new', {
      user_id: 'full',
      user_email: 'Full@Example.com',
      user_alias: 'Full',
      user_role: 'internal_user_viewer',
      max_budget: 5,
      budget_duration: '30d',
      soft_budget: 4,
      models: ['gpt-4o'],
      metadata: { a: 1 },
      teams: ['loose'],
      organizations: ['acme'],
      ...noKey,
    })
    expect(told).toEqual({
      user_id: 'full',
      user_email: 'full@example.com',
      user_alias: 'Full',
      user_role: 'internal_user_viewer',
      max_budget: 5,
      soft_budget: 4,
      budget_duration: '30d',
      model_max_budget: null,
      budget_limits: null,
      tpm_limit: null,
      rpm_limit: null,
      max_parallel_requests: null,
      metadata: { a: 1 },
      models: ['gpt-4o'],
      blocked: false,
      sso_user_id: null,
      spend: 0,
      budget_reset_at: expect.any(String),
      model_spend: {},
      teams: ['loose'],
      organization_memberships: [{ user_id: 'full', organization_id: 'acme', user_role: 'internal_user_viewer' }],
      created_at: expect.any(String),
      created_by: 'master',
      updated_at: expect.any(String),
      updated_by: 'master',
    })
    expect(await stage.budget(of('full'))).toMatchObject({ limit: 5_000_000_000n, softLimit: 4_000_000_000n })
    expect(await stage.changes()).toEqual(expect.arrayContaining(['user:full', 'team:loose']))
  })

  it('gets a key, which is told once and stored nowhere', async () => {
    const told = await stage.ask<{ key: string; token: string; user_id: string }>('/user/new', {
      user_id: 'keyed',
      key_alias: 'first',
    })
    expect(told).toMatchObject({ user_id: 'keyed', key: expect.stringMatching(/^sk-/), key_alias: 'first' })
    const row = await stage.db.selectFrom('keys').selectAll().where('id', '=', told.token).executeTakeFirstOrThrow()
    expect(row).toMatchObject({ user_id: 'keyed', alias: 'first', team_id: null })
    expect(await stage.everything()).not.toContain(told.key)
    expect(await stage.budget({ level: 'key', subject: told.token })).toMatchObject({ limit: undefined })
    const info = await stage.ask('/user/info', { user_id: 'keyed' })
    expect(info).toMatchObject({ keys: [{ token: told.token, key_alias: 'first' }] })
    expect(JSON.stringify(info)).not.toContain(told.key)
  })

  it.each([
    [null, undefined],
    [0, 0n],
    [undefined, undefined],
  ])('with the budget %s is bounded to %s', async (max_budget, limit) => {
    const user_id = `b-${max_budget}`
    await stage.ask('/user/new', { user_id, max_budget, ...noKey })
    expect(await stage.budget(of(user_id))).toMatchObject({ limit })
  })

  it('gets a key that has no more than any key may have', async () => {
    const keyCeilings = { max_budget: 10, rpm_limit: 60 }
    const bounded = await GroupStage.open({ ...ACCESS_DEFAULTS, keyCeilings })
    const { token } = await bounded.ask('/user/new', { user_id: 'new', max_budget: 50 })
    expect(await bounded.ask('/key/info', { key: token })).toMatchObject({
      info: { user_id: 'new', max_budget: 10, rpm_limit: 60 },
    })
    await bounded.close()
  })

  it('is refused under an id or address that is taken', async () => {
    expect(await stage.refused('/user/new', { user_id: 'ann', ...noKey })).toMatchObject({ status: 400 })
    const sameMail = { user_id: 'other', user_email: 'ANN@example.com', ...noKey }
    expect(await stage.refused('/user/new', sameMail)).toMatchObject({ status: 400, param: 'user_email' })
  })

  it.each([
    { user_role: 'emperor' },
    { user_role: 'customer' },
    { created_by: 'me' },
    { password: 'secret' },
    { send_invite_email: true },
    { guardrails: ['pii'] },
    { object_permission: { mcp_servers: ['x'] } },
    { max_budget: -1 },
    { max_budget: 'NaN' },
    { budget_duration: '1y' },
    { user_email: 'no address' },
    { user_id: 'a\u0000b' },
    { user_id: '' },
    { metadata: 'text' },
    { teams: ['no-team'] },
    { organizations: ['no-organization'] },
  ])('with %j is refused, and nothing is made', async field => {
    const before = await stage.everything()
    const { status } = await stage.refused('/user/new', { user_id: 'bad', ...noKey, ...field })
    expect([400, 404]).toContain(status)
    expect(await stage.everything()).toBe(before)
  })

  it('takes fields that mean nothing when they say nothing', async () => {
    const nothing = { guardrails: [], object_permission: {}, policies: null, send_invite_email: false }
    await stage.ask('/user/new', { user_id: 'nothing', ...nothing, ...noKey })
  })
})

describe('a new user of an organization', () => {
  it('is made by its administrator, below themselves', async () => {
    const told = await stage.ask<{ token: string }>(
      '/user/new',
      { user_id: 'olgas', organizations: ['acme'], teams: ['a-team'], max_budget: 10 },
      'olga',
    )
    expect(told).toMatchObject({ user_id: 'olgas', user_role: 'internal_user', teams: ['a-team'] })
    const key = await stage.db.selectFrom('keys').selectAll().where('id', '=', told.token).executeTakeFirstOrThrow()
    expect(key.organization_id).toBe('acme')
    expect(JSON.parse(key.data)).toEqual({ allowed_routes: ['llm_api_routes'] })
  })

  it.each([
    [{ organizations: ['acme'], user_role: 'proxy_admin' }, 403],
    [{ organizations: ['acme'], user_role: 'proxy_admin_viewer' }, 403],
    [{ organizations: ['acme'], user_role: 'org_admin' }, 403],
    [{ organizations: ['acme'], spend: 0 }, 403],
    [{ organizations: ['acme'], metadata: { priority: 'first' } }, 403],
    [{ organizations: ['acme'], max_budget: 101 }, 400],
    [{ organizations: ['acme'], models: ['llama'] }, 400],
    [{ organizations: ['acme', 'rival'] }, 404],
    [{ organizations: ['acme'], teams: ['r-team'] }, 404],
    [{ organizations: [] }, 403],
    [{}, 403],
  ])('with %j is refused to them with %i', async (fields, status) => {
    const before = await stage.everything()
    expect(await stage.refused('/user/new', { user_id: 'no', ...noKey, ...fields }, 'olga')).toMatchObject({ status })
    expect(await stage.everything()).toBe(before)
  })

  it.each(['ann', 'dan', 'viewer'])('is not made by %s', async who => {
    const input = { user_id: 'no', organizations: ['acme'], ...noKey }
    expect([403, 404]).toContain((await stage.refused('/user/new', input, who)).status)
  })

  it('gets no key from a key with a budget, which would not bound it', async () => {
    const limited = {
      ...(await stage.callerOf('olga')),
      budgets: [{ id: 'key|o', level: 'key' as const, subject: 'o', period: 'total', limit: 1n }],
    }
    const input = { user_id: 'sly', organizations: ['acme'] }
    expect(await stage.refused('/user/new', input, limited)).toMatchObject({ status: 403 })
  })
})

describe('a change of a user', () => {
  it('keeps what it does not name, and sets what was spent', async () => {
    await stage.ask('/user/new', { user_id: 'chg', max_budget: 5, rpm_limit: 1, ...noKey })
    const told = await stage.ask('/user/update', { user_id: 'chg', max_budget: null, user_role: 'proxy_admin_viewer' })
    expect(told).toMatchObject({
      user_id: 'chg',
      data: { max_budget: null, rpm_limit: 1, user_role: 'proxy_admin_viewer' },
    })
    expect(await stage.budget(of('chg'))).toMatchObject({ limit: undefined })
    const spent = await stage.ask('/user/update', { user_id: 'chg', spend: 1.25 })
    expect(spent).toMatchObject({ data: { spend: 1.25 } })
    expect(await stage.budget(of('chg'))).toMatchObject({ spent: 1_250_000_000n })
    const rows = await stage.audit('user/update')
    expect(JSON.parse(rows.at(-1)?.after ?? '')).toMatchObject({ id: 'chg', spend: 1.25 })
  })

  it('finds them by their address', async () => {
    await stage.ask('/user/new', { user_id: 'mail', user_email: 'mail@x.org', ...noKey })
    await stage.ask('/user/update', { user_email: 'MAIL@x.org', user_alias: 'by mail' })
    expect(await stage.ask('/v2/user/info', { user_id: 'mail' })).toMatchObject({ user_alias: 'by mail' })
    await stage.ask('/user/update', { user_id: 'mail', user_email: 'new@x.org' })
    expect(await stage.ask('/v2/user/info', { user_id: 'mail' })).toMatchObject({ user_email: 'new@x.org' })
    expect(await stage.refused('/user/update', { user_id: 'mail', user_email: 'ann@example.com' })).toMatchObject({
      status: 400,
    })
  })

  it('of themselves is their name and nothing else', async () => {
    expect(await stage.ask('/user/update', { user_id: 'bob', user_alias: 'Bobby' }, 'bob')).toMatchObject({
      data: { user_alias: 'Bobby' },
    })
  })

  it.each([
    { user_role: 'proxy_admin' },
    { user_role: 'internal_user' },
    { max_budget: 1_000 },
    { max_budget: null },
    { models: [] },
    { spend: 0 },
    { tpm_limit: null },
    { metadata: {} },
    { blocked: false },
    { user_email: 'ceo@example.com' },
    { sso_user_id: 'x' },
  ])('of themselves is refused with %j, also to the administrator of an organization', async field => {
    for (const who of ['bob', 'olga']) {
      const before = await stage.everything()
      expect(await stage.refused('/user/update', { user_id: who, ...field }, who)).toMatchObject({ status: 403 })
      expect(await stage.everything()).toBe(before)
    }
  })

  it.each([{ user_id: 'bob', created_by: 'x' }, { user_id: 'bob', teams: ['a-team'] }, { user_alias: 'nobody' }])(
    'with %j is refused to everybody',
    async input => {
      expect(await stage.refused('/user/update', input)).toMatchObject({ status: 400 })
    },
  )

  it('by the administrator of their organization stays below it', async () => {
    await stage.ask('/user/update', { user_id: 'carl', max_budget: 20, user_role: 'internal_user_viewer' }, 'olga')
    for (const [field, status] of [
      [{ user_role: 'org_admin' }, 403],
      [{ user_role: 'proxy_admin' }, 403],
      [{ spend: 0 }, 403],
      [{ max_budget: 101 }, 400],
      [{ models: ['llama'] }, 400],
      [{ metadata: { priority: 'first' } }, 403],
      [{ sso_user_id: 'x' }, 403],
    ] as const)
      expect(await stage.refused('/user/update', { user_id: 'carl', ...field }, 'olga')).toMatchObject({ status })
    await stage.ask('/user/update', { user_id: 'carl', max_budget: null, user_role: 'internal_user' })
  })

  it.each(['eve', 'dan', 'rita', 'nobody'])(
    'of %s is not for the administrator of another organization',
    async user_id => {
      for (const [path, input] of [
        ['/user/update', { user_id, user_alias: 'x' }],
        ['/user/info', { user_id }],
        ['/v2/user/info', { user_id }],
        ['/user/delete', { user_ids: [user_id] }],
      ] as const)
        expect(await stage.refused(path, input, 'olga')).toMatchObject({ status: 404 })
    },
  )

  it('of somebody who belongs elsewhere as well is only for those above both', async () => {
    await stage.ask('/user/new', { user_id: 'both', organizations: ['acme', 'rival'], ...noKey })
    await stage.ask('/user/new', { user_id: 'guest', organizations: ['acme'], teams: ['loose'], ...noKey })
    await stage.ask('/user/new', { user_id: 'boss', user_role: 'proxy_admin', organizations: ['acme'], ...noKey })
    for (const user_id of ['both', 'guest', 'boss']) {
      expect(await stage.ask('/user/info', { user_id }, 'olga')).toMatchObject({ user_id })
      expect(await stage.refused('/user/update', { user_id, max_budget: 1 }, 'olga')).toMatchObject({ status: 403 })
      expect(await stage.refused('/user/delete', { user_ids: [user_id] }, 'olga')).toMatchObject({ status: 403 })
    }
    const seen = await stage.ask('/user/info', { user_id: 'both' }, 'olga')
    expect(JSON.stringify(seen)).not.toContain('rival')
  })
})

describe('many users', () => {
  it('are changed as far as it goes, and each is told', async () => {
    const users = [
      { user_id: 'ann', max_budget: 3 },
      { user_id: 'nobody', max_budget: 3 },
    ]
    expect(await stage.ask('/user/bulk_update', { users })).toMatchObject({
      total_requested: 2,
      successful_updates: 1,
      failed_updates: 1,
      results: [
        { user_id: 'ann', success: true, error: null, updated_user: { max_budget: 3 } },
        { user_id: 'nobody', success: false, error: expect.stringContaining('nobody') },
      ],
    })
    expect(await stage.budget(of('ann'))).toMatchObject({ limit: 3_000_000_000n })
  })

  it('raise no privileges of whoever asks', async () => {
    const users = [
      { user_id: 'bob', user_role: 'proxy_admin' },
      { user_id: 'ann', spend: 0 },
    ]
    expect(await stage.ask('/user/bulk_update', { users }, 'bob')).toMatchObject({ successful_updates: 0 })
    const all = { all_users: true, user_updates: { user_role: 'proxy_admin' } }
    expect(await stage.refused('/user/bulk_update', all, 'olga')).toMatchObject({ status: 403 })
  })

  it('are all users when an administrator of the gateway says so', async () => {
    const told = await stage.ask<{ total_requested: number; failed_updates: number }>('/user/bulk_update', {
      all_users: true,
      user_updates: { rpm_limit: 77 },
    })
    const users = await stage.db.selectFrom('users').select('data').execute()
    expect(told).toMatchObject({ total_requested: users.length, failed_updates: 0 })
    expect(users.every(user => JSON.parse(user.data).rpm_limit === 77)).toBe(true)
    for (const wrong of [{}, { all_users: true }, { users: [], all_users: true }])
      expect(await stage.refused('/user/bulk_update', wrong)).toMatchObject({ status: 400 })
  })
})

describe('the end of a user', () => {
  it('takes their keys, memberships and budgets with it', async () => {
    await stage.ask('/user/new', { user_id: 'gone', organizations: ['acme'], teams: ['a-team'], ...noKey })
    await stage.key('k-gone', { user_id: 'gone' })
    await stage.key('k-team', { user_id: 'gone', team_id: 'a-team' })
    expect(await stage.ask('/user/delete', { user_ids: ['gone'] }, 'olga')).toEqual({ deleted_users: ['gone'] })
    expect(await stage.keys()).not.toEqual(expect.arrayContaining(['k-gone']))
    expect(await stage.keys()).not.toContain('k-team')
    expect(await stage.budget(of('gone'))).toBeUndefined()
    expect(await stage.budget({ level: 'team_member', subject: 'a-team/gone' })).toBeUndefined()
    expect(await stage.budget({ level: 'key', subject: 'k-gone' })).toBeUndefined()
    expect(await stage.changes()).toEqual(expect.arrayContaining(['user:gone', 'key:k-gone', 'key:k-team']))
    expect(JSON.stringify(await stage.ask('/team/info', { team_id: 'a-team' }))).not.toContain('gone')
  })

  it('is not brought about by themselves or by strangers', async () => {
    expect(await stage.refused('/user/delete', { user_ids: ['bob'] }, 'bob')).toMatchObject({ status: 403 })
    expect(await stage.refused('/user/delete', { user_ids: ['bob'] }, 'ann')).toMatchObject({ status: 404 })
    expect(await stage.refused('/user/delete', { user_ids: ['olga'] }, 'olga')).toMatchObject({ status: 403 })
  })
})

describe('users who are looked at', () => {
  it('see themselves, their keys and their teams', async () => {
    await stage.key('k-bob', { user_id: 'bob' })
    const told = await stage.ask('/user/info', {}, 'bob')
    expect(told).toMatchObject({
      user_id: 'bob',
      user_info: { user_id: 'bob', teams: ['a-team'] },
      keys: [{ token: 'k-bob' }],
      teams: [{ team_id: 'a-team' }],
    })
    expect(Object.keys(told)).toEqual(['user_id', 'user_info', 'keys', 'teams'])
    expect(await stage.refused('/user/info', { user_id: 'ann' }, 'bob')).toMatchObject({ status: 404 })
    expect(await stage.refused('/user/info', {})).toMatchObject({ status: 400, param: 'user_id' })
    expect(await stage.ask('/v2/user/info', {}, 'bob')).toMatchObject({ user_id: 'bob' })
  })

  it('are listed as far as the caller may know of them', async () => {
    const list = async (who: string, more: object = {}) =>
      (await stage.ask<{ users: { user_id: string }[] }>('/user/list', { page_size: '100', ...more }, who)).users
        .map(user => user.user_id)
        .sort()
    expect(await list('bob')).toEqual(['bob'])
    expect(await list('rita')).toEqual(['both', 'eve', 'rita'])
    expect(await list('olga')).not.toContain('eve')
    expect(await list('viewer')).toEqual(expect.arrayContaining(['ann', 'eve', 'dan']))
    expect(await list('viewer', { user_ids: 'ann,eve,nobody' })).toEqual(['ann', 'eve'])
    expect(await list('olga', { user_ids: 'ann,eve' })).toEqual(['ann'])
    expect(await list('viewer', { team: 'loose', role: 'internal_user' })).toEqual(['dan', 'dora', 'guest'])
    expect(await list('viewer', { user_email: 'ANN@' })).toEqual(['ann'])
    for (const user_email of ['%', 'a_n', "' or '1'='1", '%'.repeat(256)])
      expect(await list('viewer', { user_email })).toEqual([])
  })

  it('come in pages', async () => {
    const told = await stage.ask('/user/list', { page: '2', page_size: '3', sort_by: 'user_id', sort_order: 'asc' })
    expect(told).toMatchObject({ page: 2, page_size: 3, total: expect.any(Number), total_pages: expect.any(Number) })
    expect(told.users).toHaveLength(3)
    expect(await stage.refused('/user/list', { page_size: '1000' })).toMatchObject({ status: 400 })
  })

  it('have roles', async () => {
    expect(Object.keys(await stage.ask('/user/available_roles', {}, 'bob'))).toContain('proxy_admin')
  })
})
