import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GroupStage } from '../../test/support/group-stage.ts'
import { hasPostgres, startPostgres, type TestPostgres } from '../../test/support/postgres.ts'
import { Secret } from '../core/secret.ts'

/** What only a store that works on several requests at once can get wrong. */
describe.runIf(hasPostgres())('the management API on PostgreSQL', () => {
  let postgres: TestPostgres
  let stage: GroupStage
  beforeAll(async () => {
    postgres = await startPostgres()
    const limits = { poolSize: 10, connectTimeoutMs: 5_000, statementTimeoutMs: 10_000 }
    stage = await GroupStage.open(undefined, { kind: 'postgres', url: new Secret(postgres.url), ...limits })
  }, 60_000)
  afterAll(async () => {
    await stage?.close()
    await postgres?.stop()
  })

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
})

const EIGHT = [0, 1, 2, 3, 4, 5, 6, 7] as const

function addTo(organization_id: string, member: object) {
  return { organization_id, member }
}
