import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GroupStage } from '../../test/support/group-stage.ts'
import { hasPostgres, startPostgres } from '../../test/support/postgres.ts'
import type { Role } from '../core/caller.ts'
import { plainCaller } from '../core/caller.ts'
import { Failure } from '../core/failure.ts'
import { Secret } from '../core/secret.ts'
import { groupOperations } from './groups.ts'

let stage: GroupStage
beforeAll(async () => {
  stage = await GroupStage.open()
  await furnish(stage)
})
afterAll(() => stage.close())

/** What the table below names. */
async function furnish(stage: GroupStage): Promise<void> {
  await stage.scene()
  await stage.ask('/budget/new', { budget_id: 'plan' })
  await stage.ask('/customer/new', { user_id: 'customer' })
  await stage.ask('/tag/new', { name: 'tag' })
}

type Input = Readonly<Record<string, unknown>>

/** What each operation takes at the least; what is written here names things that are there, or a new one. */
const LEAST: Readonly<Record<string, Input>> = {
  '/team/new': { team_id: 'text' },
  '/team/update': { team_id: 'loose', team_alias: 'text' },
  '/team/delete': { team_ids: ['text'] },
  '/team/info': { team_id: 'loose' },
  '/team/list': { user_id: 'dan', organization_id: 'acme' },
  '/v2/team/list': { team_alias: 'text', team_id: 'loose', organization_id: 'acme', user_id: 'dan' },
  '/team/member_add': { team_id: 'loose', member: { user_id: 'eric', user_email: 'eric@example.com' } },
  '/team/member_update': { team_id: 'loose', user_id: 'dora' },
  '/team/member_delete': { team_id: 'loose', user_id: 'text' },
  '/team/bulk_member_add': { team_id: 'loose', members: [{ user_id: 'carl' }] },
  '/team/block': { team_id: 'loose' },
  '/team/unblock': { team_id: 'loose' },
  '/team/model/add': { team_id: 'loose', models: ['text'] },
  '/team/model/delete': { team_id: 'loose', models: ['text'] },
  '/team/permissions_list': { team_id: 'loose' },
  '/team/permissions_update': { team_id: 'loose', team_member_permissions: ['/key/info'] },
  '/team/available': {},
  '/user/new': { user_id: 'text', user_alias: 'text', teams: ['loose'], organizations: ['acme'] },
  '/user/info': { user_id: 'dan' },
  '/v2/user/info': { user_id: 'dan' },
  '/user/update': { user_id: 'dan', user_alias: 'text' },
  '/user/bulk_update': { users: [{ user_id: 'dan' }] },
  '/user/delete': { user_ids: ['text'] },
  '/user/list': { user_email: 'text', team: 'loose', user_ids: 'dan', sso_user_ids: 'dan' },
  '/user/available_roles': {},
  '/organization/new': { organization_id: 'text', organization_alias: 'text' },
  '/organization/update': { organization_id: 'rival', organization_alias: 'text' },
  '/organization/info': { organization_id: 'rival' },
  '/organization/list': { organization_alias: 'text' },
  '/organization/delete': { organization_ids: ['text'] },
  '/organization/member_add': { organization_id: 'rival', member: { user_id: 'dora' } },
  '/organization/member_update': { organization_id: 'rival', user_id: 'eve' },
  '/organization/member_delete': { organization_id: 'rival', user_id: 'text' },
  '/budget/new': { budget_id: 'text' },
  '/budget/update': { budget_id: 'plan' },
  '/budget/info': { budgets: ['plan'] },
  '/budget/settings': { budget_id: 'plan' },
  '/budget/list': {},
  '/budget/delete': { id: 'text' },
  '/customer/new': { user_id: 'text', alias: 'text', budget_id: 'plan' },
  '/customer/info': { end_user_id: 'customer' },
  '/customer/update': { user_id: 'customer', alias: 'text' },
  '/customer/delete': { user_ids: ['text'] },
  '/customer/list': {},
  '/customer/block': { user_ids: ['customer'] },
  '/customer/unblock': { user_ids: ['customer'] },
  '/tag/new': { name: 'text', description: 'text' },
  '/tag/update': { name: 'tag', description: 'text' },
  '/tag/info': { names: ['tag'] },
  '/tag/list': {},
  '/tag/delete': { name: 'text' },
  '/provider/budgets': {},
}

const ROLES: readonly Role[] = [
  'proxy_admin',
  'proxy_admin_viewer',
  'org_admin',
  'internal_user',
  'internal_user_viewer',
  'team',
  'customer',
]

const NAUGHTY = [
  "'; drop table teams; --",
  "' or '1'='1",
  '%',
  '%'.repeat(256),
  '_'.repeat(256),
  '\\',
  '{{7*7}}',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what would be a template elsewhere
  '${7*7}',
  '__proto__',
  '../../etc/passwd',
  '😀\u202e\ufeff',
]

const BROKEN = ['a\u0000b', '\n', '', 'x'.repeat(10_000), 7, null, true, [], {}, [['x']], { a: { b: 1 } }]

const paths = groupOperations.map(operation => operation.paths[0] ?? '')

it('every operation stands in the table of this test', () => {
  expect([...paths].sort()).toEqual(Object.keys(LEAST).sort())
})

it('no two operations have one path', () => {
  const all = groupOperations.flatMap(({ method, paths }) => paths.map(path => `${method} ${path}`))
  expect(new Set(all).size).toBe(all.length)
})

describe.each(groupOperations.map(one => [one.paths[0] ?? '', one] as const))('%s', (path, operation) => {
  it('R10 is refused to every role that is not named, and changes nothing then', async () => {
    const before = await stage.everything()
    for (const role of ROLES.filter(one => !operation.roles.includes(one)))
      expect(await stage.refused(path, LEAST[path], plainCaller('k', role))).toMatchObject({ status: 403 })
    expect(await stage.everything()).toBe(before)
  })

  it('R13 refuses every field that it does not know', async () => {
    const before = await stage.everything()
    for (const name of ['created_by', 'updated_at', 'token', 'is_admin', 'id_', 'constructor', 'toString', 'roles'])
      expect(await stage.refused(path, { ...LEAST[path], [name]: 'x' })).toMatchObject({
        status: 400,
        code: 'validation_error',
        param: name,
      })
    const proto = JSON.parse(`{"__proto__":{"user_role":"proxy_admin"}}`)
    expect(
      await stage.refused(
        path,
        Object.defineProperty({ ...LEAST[path] }, '__proto__', { value: proto, enumerable: true }),
      ),
    ).toMatchObject({ status: 400 })
    expect(await stage.everything()).toBe(before)
  })

  it('R23 takes texts as texts, and answers what is none with 4xx', () => askTexts(stage, path))
})

async function askTexts(stage: GroupStage, path: string): Promise<void> {
  const least = LEAST[path] ?? {}
  for (const name of Object.keys(least)) {
    for (const value of [...NAUGHTY.flatMap(text => [text, [text]]), ...BROKEN]) {
      const status = await statusOf(stage, path, { ...least, [name]: value })
      expect([200, 400, 404], `${path} ${name}: ${JSON.stringify(value)}`).toContain(status)
    }
  }
  expect(await stage.ask('/team/info', { team_id: 'loose' })).toBeDefined()
}

async function statusOf(stage: GroupStage, path: string, input: Input): Promise<number> {
  try {
    await stage.ask(path, input)
    return 200
  } catch (error) {
    if (error instanceof Failure) return error.verdict.status
    throw error
  }
}

it.runIf(hasPostgres())(
  'R23 the same on PostgreSQL, which is stricter about texts and empty lists',
  async () => {
    const postgres = await startPostgres()
    const limits = { poolSize: 2, connectTimeoutMs: 5_000, statementTimeoutMs: 10_000 }
    const other = await GroupStage.open(undefined, { kind: 'postgres', url: new Secret(postgres.url), ...limits })
    try {
      await furnish(other)
      for (const path of paths) await askTexts(other, path)
    } finally {
      await other.close()
      await postgres.stop()
    }
  },
  120_000,
)

it('R23 whatever of one tenant is asked for by another is like what there is not', async () => {
  const asks: readonly (readonly [string, (id: string) => Input, known: string])[] = [
    ['/team/info', team_id => ({ team_id }), 'r-team'],
    ['/team/update', team_id => ({ team_id, team_alias: 'x' }), 'r-team'],
    ['/team/block', team_id => ({ team_id }), 'r-team'],
    ['/team/member_add', team_id => ({ team_id, member: { user_id: 'ann' } }), 'r-team'],
    ['/team/member_update', team_id => ({ team_id, user_id: 'eve', role: 'user' }), 'r-team'],
    ['/team/member_delete', team_id => ({ team_id, user_id: 'eve' }), 'r-team'],
    ['/team/model/add', team_id => ({ team_id, models: ['x'] }), 'r-team'],
    ['/team/permissions_list', team_id => ({ team_id }), 'r-team'],
    ['/team/delete', id => ({ team_ids: [id] }), 'r-team'],
    ['/user/info', user_id => ({ user_id }), 'eve'],
    ['/v2/user/info', user_id => ({ user_id }), 'eve'],
    ['/user/update', user_id => ({ user_id, user_alias: 'x' }), 'eve'],
    ['/user/update', user_email => ({ user_email }), 'eve@example.com'],
    ['/user/delete', id => ({ user_ids: [id] }), 'eve'],
    ['/organization/info', organization_id => ({ organization_id }), 'rival'],
    ['/organization/update', organization_id => ({ organization_id }), 'rival'],
    ['/organization/member_add', organization_id => ({ organization_id, member: { user_id: 'ann' } }), 'rival'],
    ['/organization/member_delete', organization_id => ({ organization_id, user_id: 'eve' }), 'rival'],
  ]
  for (const who of ['ann', 'olga', 'dan'])
    for (const [path, input, known] of asks) {
      const there = await stage.refused(path, input(known), who)
      const nowhere = await stage.refused(path, input(`no.${known}`), who)
      expect(there, `${path} by ${who}`).toEqual({ ...nowhere, message: nowhere.message.replace('no.', '') })
      expect(there.status).toBe(404)
    }
})
