import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GroupStage } from '../../test/support/group-stage.ts'

let stage: GroupStage
beforeAll(async () => {
  stage = await GroupStage.open()
  await stage.scene()
})
afterAll(() => stage.close())

describe('what belongs to another tenant', () => {
  it('is not told by the alias of a key', async () => {
    await stage.ask('/key/generate', { team_id: 'r-team', key_alias: 'theirs' })
    const refusals = []
    for (const alias of ['theirs', 'nobody']) {
      const { message, ...refused } = await stage.refused('/key/delete', { key_aliases: [alias] }, 'ann')
      refusals.push({ ...refused, message: message.replace(alias, 'ALIAS') })
    }
    expect(refusals[0]).toEqual(refusals[1])
    expect(refusals[0]).toMatchObject({ status: 404, message: "there is no key 'ALIAS'" })
  })

  it('are the keys that a member of both has there', async () => {
    await stage.ask('/organization/member_add', { organization_id: 'acme', member: { user_id: 'eve' } })
    const made = { user_id: 'eve', organization_id: 'rival', key_alias: 'of rival' }
    await stage.ask('/key/generate', made)
    await stage.ask('/key/generate', { ...made, organization_id: 'acme', key_alias: 'of acme' })
    await stage.ask('/key/generate', { user_id: 'eve', key_alias: 'her own' })
    const seen = async (who: string) => {
      const { keys } = await stage.ask<{ keys: { key_alias: string }[] }>('/user/info', { user_id: 'eve' }, who)
      return keys.map(({ key_alias }) => key_alias).sort()
    }
    expect(await seen('olga')).toEqual(['her own', 'of acme'])
    expect(await seen('rita')).toEqual(['her own', 'of rival'])
    expect(await seen('eve')).toEqual(['her own', 'of acme', 'of rival'])
  })

  it('is not had by taking the id of a team or user that they deleted', async () => {
    const spent = { id: 7, key_id: 'k', user_id: 'gone', team_id: 'gone' }
    await stage.db.insertInto('ledger_callers').values(spent).execute()
    const team = { team_id: 'gone', organization_id: 'acme' }
    expect(await stage.refused('/team/new', team, 'olga')).toMatchObject({ status: 400, param: 'team_id' })
    const user = { user_id: 'gone', organizations: ['acme'], auto_create_key: false }
    expect(await stage.refused('/user/new', user, 'olga')).toMatchObject({ status: 400, param: 'user_id' })
    expect(await stage.ask('/team/new', team)).toMatchObject({ team_id: 'gone' })
    expect(await stage.ask('/user/new', user)).toMatchObject({ user_id: 'gone' })
  })
})
