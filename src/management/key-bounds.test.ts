import { afterAll, beforeAll, expect, it } from 'vitest'
import { GroupStage } from '../../test/support/group-stage.ts'

let stage: GroupStage
beforeAll(async () => {
  stage = await GroupStage.open()
  await stage.scene()
})
afterAll(() => stage.close())

it("the administrator of a team bounds a member's key that may do what its owner may", async () => {
  const { key } = await stage.ask('/key/generate', { team_id: 'a-team', user_id: 'bob', max_budget: 5 })
  expect(await stage.ask('/key/update', { key, max_budget: 1 }, 'ann')).toMatchObject({ max_budget: 1 })
  expect(await stage.refused('/key/regenerate', { key }, 'ann')).toMatchObject({ status: 403, param: 'allowed_routes' })
})

it('a key whose models have a `*` makes none that may use all there are', async () => {
  const caller = {
    ...(await stage.callerOf('ann')),
    pools: [{ level: 'key', pools: ['a*', '*-models'] }],
  } as const
  for (const name of ['all-proxy-models', 'all-team-models', '*', 'gpt-4o'])
    expect(await stage.refused('/key/generate', { models: [name] }, caller)).toMatchObject({ status: 403 })
  expect(await stage.ask('/key/generate', { models: ['a-model', 'a*'] }, caller)).toMatchObject({
    models: ['a-model', 'a*'],
  })
})

it('a key for which only the configuration says how many calls at once makes others like itself', async () => {
  await stage.key('own', { user_id: 'ann' })
  const limits = [{ level: 'key', subject: 'own', parallel: 5 }] as const
  const caller = { ...(await stage.callerOf('ann')), keyId: 'own', limits }
  const { key } = await stage.ask('/key/generate', {}, caller)
  expect(await stage.ask('/key/update', { key, key_alias: 'renamed' }, caller)).toMatchObject({ key_alias: 'renamed' })
  await stage.ask('/key/generate', { max_parallel_requests: 5 }, caller)
  expect(await stage.refused('/key/generate', { max_parallel_requests: 6 }, caller)).toMatchObject({ status: 403 })
  await stage.db.updateTable('keys').set({ data: '{"max_parallel_requests":5}' }).where('id', '=', 'own').execute()
  expect(await stage.refused('/key/generate', {}, caller)).toMatchObject({ param: 'max_parallel_requests' })
})

it('a key with tags makes none without them, and keeps them', async () => {
  await stage.key('tagged', { user_id: 'ann' })
  await stage.db.updateTable('keys').set({ data: '{"tags":["nightly"]}' }).where('id', '=', 'tagged').execute()
  const caller = { ...(await stage.callerOf('ann')), keyId: 'tagged' }
  const refused = { status: 403, param: 'tags' }
  expect(await stage.refused('/key/generate', {}, caller)).toMatchObject(refused)
  const { key } = await stage.ask('/key/generate', { tags: ['nightly', 'more'] }, caller)
  expect(await stage.refused('/key/update', { key, tags: ['more'] }, caller)).toMatchObject(refused)
  await stage.ask('/key/generate', { metadata: { tags: ['nightly'] } }, caller)
})
