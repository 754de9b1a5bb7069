import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../src/core/clock.ts'
import { ROUTES } from '../src/gateway/routes.ts'
import { operations } from '../src/management/index.ts'
import { perform } from '../src/management/perform.ts'
import { KeyStage } from './support/key-stage.ts'

const PEOPLE = {
  user: { role: 'internal_user' },
  lead: { role: 'internal_user' },
  userViewer: { role: 'internal_user_viewer' },
  viewer: { role: 'proxy_admin_viewer' },
  organizer: { role: 'org_admin' },
  admin: { role: 'proxy_admin' },
} as const

type Person = keyof typeof PEOPLE

let stage: KeyStage
const keys = new Map<string, string>()
beforeAll(async () => {
  stage = await KeyStage.open()
  await stage.people({ users: PEOPLE, teams: { red: {} }, members: [['red', 'lead', 'admin']] })
  for (const user_id of Object.keys(PEOPLE)) keys.set(user_id, await stage.key({ user_id }))
  keys.set('team', await stage.key({ team_id: 'red' }))
  keys.set('nobody', await stage.key())
  keys.set('blocked', await stage.key({ user_id: 'admin', blocked: true }))
  keys.set('expired', await stage.key({ user_id: 'admin' }))
  const id = stage.callers.hash.idOf(keys.get('expired') ?? '')
  await stage.store.db.updateTable('keys').set({ expires_at: 1 }).where('id', '=', id).execute()
  keys.set('bad', `sk-${'b'.repeat(43)}`)
})
afterAll(() => stage.close())

const ADMINS: readonly string[] = ['admin']
const ADMIN_READERS: readonly string[] = ['admin', 'viewer']
const WRITERS: readonly string[] = ['user', 'lead', 'organizer', 'admin']
const READERS: readonly string[] = [...WRITERS, 'userViewer', 'viewer']
const HOLDERS: readonly string[] = [...READERS, 'team', 'nobody']

/** Who comes past the door of each operation. One without a row fails here, so that each is thought about. */
const ROWS: readonly (readonly [readonly string[], string])[] = [
  [ADMINS, 'key/bulk_update organization/new organization/delete budget/new budget/update budget/delete'],
  [ADMINS, 'customer/new customer/update customer/delete customer/block customer/unblock'],
  [ADMINS, 'tag/new tag/update tag/delete global/spend/reset'],
  [ADMIN_READERS, 'budget/info budget/settings budget/list customer/info customer/list tag/info tag/list'],
  [ADMIN_READERS, 'provider/budgets spend/keys spend/users spend/tags audit audit/id customer/daily/activity'],
  [ADMIN_READERS, 'global/spend global/spend/logs global/spend/keys global/spend/teams global/spend/models'],
  [ADMIN_READERS, 'global/spend/provider global/spend/tags global/spend/report global/spend/end_users'],
  [ADMIN_READERS, 'global/activity global/activity/model'],
  [WRITERS, 'key/generate key/service-account/generate key/update key/delete key/regenerate key/reset_spend'],
  [WRITERS, 'key/block key/unblock team/new team/update team/delete team/block team/unblock team/model/add'],
  [WRITERS, 'team/model/delete team/member_add team/member_update team/member_delete team/bulk_member_add'],
  [WRITERS, 'team/permissions_update user/new user/update user/bulk_update user/delete organization/update'],
  [WRITERS, 'organization/member_add organization/member_update organization/member_delete'],
  [READERS, 'key/list key/aliases team/info team/list team/permissions_list team/available user/info user/list'],
  [READERS, 'user/available_roles organization/info organization/list spend/logs spend/logs/v2'],
  [READERS, 'user/daily/activity team/daily/activity tag/daily/activity'],
  [HOLDERS, 'key/info v2/key/info key/health'],
]
const DOORS = new Map(ROWS.flatMap(([who, names]) => names.split(' ').map(name => [name, who] as const)))
const everybody = [...HOLDERS, 'bad', 'expired', 'blocked']

const all = operations.flatMap(operation => operation.paths.map(path => ({ operation, path })))

describe('the management API', () => {
  it('R10 says of every operation who may call it', () => {
    expect(operations.filter(({ name }) => !DOORS.has(name)).map(({ name }) => name)).toEqual([])
  })

  it.each(all.map(({ operation, path }) => [operation.method, path, operation] as const))(
    '%s %s: lets in whom the table names, and refuses fields that it does not know',
    async (method, path, operation) => {
      const url = `${stage.served.url}${path.replaceAll(/:\w+/g, 'x')}`
      for (const who of [undefined, ...everybody]) {
        const key = who === undefined ? undefined : keys.get(who)
        const hasBody = method !== 'GET' && method !== 'DELETE'
        const answer = await fetch(hasBody ? url : `${url}?no_such_field=1`, {
          method,
          headers: { ...(key && { 'x-api-key': key }), ...(hasBody && { 'content-type': 'application/json' }) },
          ...(hasBody && { body: '{"no_such_field":1}' }),
        })
        const body = (await answer.json()) as { error: { code: string; message: string }; detail?: unknown }
        expect([who, answer.status, body.error.code]).toEqual([who, ...expectedFor(who, operation.name)])
        expect(body.detail).toEqual({ error: body.error })
      }
    },
  )

  function expectedFor(who: string | undefined, name: string): readonly [number, string] {
    if (who === undefined) return [401, 'missing_api_key']
    if (who === 'bad') return [401, 'token_not_found_in_db']
    if (who === 'expired') return [401, 'expired_key']
    if (who === 'blocked') return [403, 'key_blocked']
    return DOORS.get(name)?.includes(who) ? [400, 'validation_error'] : [403, 'not_allowed']
  }

  it('lets whoever runs the command line do all of it, and nobody else than by role', async () => {
    const context = { store: stage.store, clock: systemClock, keyHash: stage.callers.hash }
    for (const operation of operations) {
      const caller = { keyId: 'x', role: 'customer', budgets: [], limits: [] } as const
      if (operation.roles.includes('customer')) continue
      await expect(perform(operation, { ...context, caller }, {})).rejects.toMatchObject({ kind: 'forbidden' })
    }
  })
})

describe('other routes', () => {
  it.each(ROUTES.filter(({ roles }) => roles).map(route => [route.method, route.path, route.roles ?? []] as const))(
    '%s %s is for its roles',
    async (method, path, roles) => {
      for (const who of Object.keys(PEOPLE) as Person[]) {
        const answer = await fetch(`${stage.served.url}${path}`, {
          method,
          headers: { 'x-api-key': keys.get(who) ?? '' },
        })
        await answer.text()
        // Draining is switched off here: who may not know of it is told that it is not there.
        const isOff = path === '/health/drain'
        expect([who, answer.status]).toEqual([who, isOff ? 404 : roles.includes(PEOPLE[who].role) ? 200 : 403])
      }
    },
  )
})

describe('R14 another spelling of an address', () => {
  const hosts = ['x', 'localhost:4000/#@x', 'localhost:4000/?x', '127.0.0.1/v1/models#', '[::1]', 'a@b']
  const targets = [
    '/key/generate',
    '//key/generate',
    '/./key/generate',
    '/v1/models/../../key/generate',
    '/v1/models/%2e%2e/%2e%2e/key/generate',
    '/%6bey/generate',
    '/key%2fgenerate',
    '/key/generate;x',
    '/key/generate/',
    '/KEY/GENERATE',
    '/key/generate#/v1/models',
    '/key/generate?/v1/models',
    'http://x/key/generate',
    'http://x/v1/models/..%2f..%2fkey/generate',
    'http://x#@/key/generate',
  ]

  it.each(targets)('%s is no way to make a key for who may not, whatever the Host', async target => {
    for (const host of hosts)
      for (const who of [undefined, 'viewer', 'nobody', 'bad'])
        expect([host, who, await status(target, host, who)]).toEqual([
          host,
          who,
          expect.stringMatching(/^(400|401|403|404|405)$/),
        ])
    const made = await stage.store.db.selectFrom('audit').selectAll().where('actor', '!=', 'master').execute()
    expect(made).toEqual([])
  })

  /** A request as it is written here, which no client library would send. */
  function status(target: string, host: string, who: string | undefined): Promise<string> {
    const key = who === undefined ? '' : `x-api-key: ${keys.get(who)}\r\n`
    const head = `POST ${target} HTTP/1.1\r\nhost: ${host}\r\n${key}content-type: application/json\r\ncontent-length: 2\r\n`
    return new Promise((resolve, reject) => {
      const { port } = new URL(stage.served.url)
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(`${head}connection: close\r\n\r\n{}`))
      let read = ''
      socket.on('data', bytes => {
        read += bytes.toString('latin1')
      })
      socket.on('close', () => resolve(read.slice(9, 12)))
      socket.on('error', reject)
    })
  }
})
