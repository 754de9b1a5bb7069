import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GroupStage, type Told } from '../../test/support/group-stage.ts'
import { hasPostgres, startPostgres } from '../../test/support/postgres.ts'
import { Secret } from '../core/secret.ts'

interface Opened {
  readonly stage: GroupStage
  stop(): Promise<void>
}

async function onSqlite(): Promise<Opened> {
  const stage = await GroupStage.open()
  return { stage, stop: () => stage.close() }
}

async function onPostgres(): Promise<Opened> {
  const postgres = await startPostgres()
  const limits = { poolSize: 10, connectTimeoutMs: 5_000, statementTimeoutMs: 10_000 }
  const stage = await GroupStage.open(undefined, { kind: 'postgres', url: new Secret(postgres.url), ...limits })
  const stop = async () => {
    await stage.close()
    await postgres.stop()
  }
  return { stage, stop }
}

const EIGHT = [0, 1, 2, 3, 4, 5, 6, 7] as const
const STORES = [['SQLite', onSqlite] as const, ...(hasPostgres() ? [['PostgreSQL', onPostgres] as const] : [])]

describe.each(STORES)('the management API on %s', (_, open) => {
  let stage: GroupStage
  let stop: () => Promise<void> = async () => {}
  beforeAll(async () => {
    const opened = await open()
    stage = opened.stage
    stop = opened.stop
  }, 60_000)
  afterAll(() => stop())

  it('makes a new user once whom parallel requests name', async () => {
    const keys = await Promise.all(EIGHT.map(() => stage.ask('/key/generate', { user_id: 'by-keys' })))
    expect(keys).toHaveLength(8)

    for (const at of EIGHT) await stage.ask('/team/new', { team_id: `t${at}` })
    const member = { user_id: 'by-teams', role: 'user' }
    await Promise.all(EIGHT.map(at => stage.ask('/team/member_add', { team_id: `t${at}`, member })))

    for (const at of EIGHT) await stage.ask('/organization/new', { organization_id: `o${at}` })
    const someone = { user_id: 'by-organizations', user_email: 'o@example.com' }
    await Promise.all(EIGHT.map(at => stage.ask('/organization/member_add', addTo(`o${at}`, someone))))

    const users = await stage.db.selectFrom('users').select('id').orderBy('id').execute()
    expect(users.map(({ id }) => id)).toEqual(['by-keys', 'by-organizations', 'by-teams'])
    const made = await stage.db.selectFrom('audit').select('after').where('subject', '=', 'by-keys').execute()
    expect(made).toHaveLength(1)
  })

  it('tells what was spent by a key that was given another secret', async () => {
    const { key } = await stage.ask('/key/generate', { key_alias: 'renewed', spend: 3, max_budget: 5 })
    await stage.ask('/key/generate', { key_alias: 'plain', spend: 2, model_max_budget: { small: 9 } })
    const once = await stage.ask('/key/regenerate', { key })
    const twice = await stage.ask('/key/regenerate', { key: once.key })
    const all = await stage.ask<readonly Told[]>('/spend/keys')
    const told = all.filter(one => one.key_alias !== null)
    expect(told).toMatchObject([
      { token: twice.token, key_alias: 'renewed', spend: 3, max_budget: 5 },
      { key_alias: 'plain', spend: 2, max_budget: null },
    ])
    expect(told).toHaveLength(2)
  })

  it('finds the aliases of keys in capitals and without', async () => {
    await stage.ask('/key/generate', { key_alias: 'Team-Blue' })
    for (const said of ['team-b', 'TEAM-B', 'Team-B']) {
      expect(await stage.ask('/key/aliases', { search: said }), said).toMatchObject({ aliases: ['Team-Blue'] })
      expect(await stage.ask('/key/list', { key_alias: said }), said).toMatchObject({ total_count: 1 })
    }
  })

  it('gives one address to one of several new users', async () => {
    const user = { user_email: 'one@example.com', auto_create_key: false }
    const asked = EIGHT.map(at => stage.ask('/user/new', { user_id: `new-${at}`, ...user }))
    const done = await Promise.allSettled(asked)
    expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const reasons = done.flatMap(one => (one.status === 'rejected' ? [one.reason] : []))
    for (const reason of reasons) expect(reason).toMatchObject({ kind: 'invalid_request', param: 'user_email' })
  })

  it('leaves no key and no team of what is deleted while they are made', async () => {
    for (const round of [0, 1, 2]) {
      const [organization_id, team_id, user_id] = [`short-${round}`, `brief-${round}`, `fleeting-${round}`]
      await stage.ask('/organization/new', { organization_id })
      await stage.ask('/team/new', { team_id })
      await stage.ask('/user/new', { user_id, auto_create_key: false })
      const person = await stage.callerOf(user_id)
      const asked = EIGHT.flatMap(at => [
        ...(at === 4 ? [stage.ask('/team/delete', { team_ids: [team_id] })] : []),
        ...(at === 4 ? [stage.ask('/organization/delete', { organization_ids: [organization_id] })] : []),
        ...(at === 4 ? [stage.ask('/user/delete', { user_ids: [user_id] })] : []),
        stage.ask('/key/generate', { team_id }),
        stage.ask('/key/generate', { organization_id }),
        stage.ask('/key/generate', {}, person),
        stage.ask('/team/new', { team_id: `of-${organization_id}-${at}`, organization_id }),
      ])
      const done = await Promise.allSettled(asked)
      for (const one of done) if (one.status === 'rejected') expect(one.reason).toMatchObject({ kind: 'not_found' })
      for (const [table, column, id] of [
        ['keys', 'team_id', team_id],
        ['keys', 'organization_id', organization_id],
        ['keys', 'user_id', user_id],
        ['teams', 'organization_id', organization_id],
      ] as const) {
        const { ref } = stage.db.dynamic
        const left = await stage.db.selectFrom(table).select('id').where(ref(column), '=', id).execute()
        expect([table, column, left]).toEqual([table, column, []])
      }
    }
  })

  it('lists users by their ids of single sign-on', async () => {
    await stage.ask('/user/new', { user_id: 'known', sso_user_id: 'sso-1', auto_create_key: false })
    expect(await stage.ask('/user/list', { sso_user_ids: 'sso-0,sso-1' })).toMatchObject({
      users: [{ user_id: 'known' }],
    })
    for (const sso_user_ids of ['sso-0', ','])
      expect(await stage.ask('/user/list', { sso_user_ids })).toMatchObject({ users: [] })
  })

  it('asks for calls by what they cost', async () => {
    expect(await stage.ask('/spend/logs/v2', { min_spend: '0.1' })).toMatchObject({ data: [], total: 0 })
  })

  it('refuses texts and names that no store keeps, and changes nothing', async () => {
    const before = await stage.everything()
    for (const text of ['a\ud800', 'a\0'])
      for (const [path, input] of [
        ['/key/generate', { key_alias: text }],
        ['/key/generate', { metadata: { [text]: 1 } }],
        ['/team/new', { metadata: { a: [text] } }],
        ['/tag/new', { name: text }],
        ['/user/new', { user_alias: text }],
      ] as const)
        expect(await stage.refused(path, input), path).toMatchObject({ status: 400, code: 'validation_error' })
    expect(await stage.everything()).toBe(before)
  })
})

function addTo(organization_id: string, member: object) {
  return { organization_id, member }
}
