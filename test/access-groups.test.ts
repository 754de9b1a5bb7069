import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureBuilt } from './support/child.ts'
import { KeyStage } from './support/key-stage.ts'
import { serveProcess } from './support/serve.ts'
import { Stage } from './support/stage.ts'
import { modelList } from './support/yaml.ts'

const BETA = { access_groups: ['beta-models', 'other'] }

describe('a group of pools (model_info.access_groups)', () => {
  let stage: KeyStage
  beforeAll(async () => {
    stage = await KeyStage.open({ info: { small: BETA, large: BETA, 'openai/*': { access_groups: ['wild'] } } })
    await stage.people({
      users: { ann: {}, bob: { models: ['beta-models'] } },
      teams: { red: { models: ['beta-models'], team_member_permissions: ['/key/generate'] } },
      members: [['red', 'ann', 'user']],
    })
  })
  afterAll(() => stage.close())

  const status = async (key: string, model: string) => (await stage.chat(key, { model })).status
  const listed = async (key: string) => {
    const client = new OpenAI({ apiKey: key, baseURL: stage.served.baseUrl, maxRetries: 0 })
    return (await client.models.list()).data.map(({ id }) => id)
  }

  it('is granted to a key by its name, and its pools are called and listed', async () => {
    const key = await stage.key({ models: ['beta-models'] })
    expect(await status(key, 'small')).toBe(200)
    expect(await status(key, 'large')).toBe(200)
    expect(await status(key, 'spare')).toBe(403)
    // The name is for grants: there is nothing to call.
    expect(await status(key, 'beta-models')).toBe(404)
    expect(await listed(key)).toEqual(['small', 'large'])
  })

  it('is granted to teams and users as well, and beside single pools', async () => {
    const [ofTeam, ofUser] = [await stage.key({ team_id: 'red' }), await stage.key({ user_id: 'bob' })]
    const more = await stage.key({ models: ['spare', 'beta-models'] })
    for (const [key, spare] of [
      [ofTeam, 403],
      [ofUser, 403],
      [more, 200],
    ] as const) {
      expect(await status(key, 'large')).toBe(200)
      expect(await status(key, 'spare')).toBe(spare)
    }
  })

  it('holds what a wildcard stands for', async () => {
    const key = await stage.key({ models: ['wild'] })
    expect(await status(key, 'openai/any')).toBe(200)
    expect(await status(key, 'gpt-4o-mini')).toBe(200)
    expect(await status(key, 'small')).toBe(403)
  })

  it('is passed on whole or in part, and is no way to more than the own key may', async () => {
    const maker = await stage.key({ user_id: 'ann', models: ['beta-models', 'o*'] })
    const make = async (models: string[]) => (await stage.ask('/key/generate', { models }, maker)).status
    expect(await make(['beta-models'])).toBe(200)
    expect(await make(['small'])).toBe(200)
    expect(await make(['o1'])).toBe(200)
    // A group's name that a pattern happens to match.
    expect(await make(['other'])).toBe(403)
  })

  it('bounds the teams of an organization', async () => {
    await stage.ask('/organization/new', {
      organization_id: 'acme',
      organization_alias: 'acme',
      models: ['beta-models'],
    })
    const make = async (models: string[]) => (await stage.ask('/team/new', { organization_id: 'acme', models })).status
    expect(await make(['beta-models'])).toBe(200)
    expect(await make(['large'])).toBe(200)
    expect(await make(['spare'])).toBe(400)
  })

  it('changes for known keys when the models do', async () => {
    const key = await stage.key({ models: ['beta-models'] })
    expect(await status(key, 'small')).toBe(200)
    stage.callers.regroup(new Map([['beta-models', ['spare']]]))
    expect([await status(key, 'small'), await status(key, 'spare')]).toEqual([403, 200])
  })
})

describe('tollgate serve', { timeout: 150_000 }, () => {
  const stage = new Stage()
  beforeAll(ensureBuilt, 200_000)
  afterAll(() => stage.clear())

  it('grants what a model that is added names', async () => {
    const { baseUrl } = await stage.upstream()
    const served = await serveProcess(stage, modelList({ pool: 'fixed', baseUrl, info: BETA }))
    const key = await served.key({ models: ['beta-models'] })
    const chat = async (model: string) => (await served.chat(model, key)).status
    expect([await chat('fixed'), await chat('added')]).toEqual([200, 403])
    const params = { model: 'openai/gpt-4o', api_base: baseUrl, api_key: 'sk-added-0000000001' }
    const added = await served.ask('/model/new', { model_name: 'added', litellm_params: params, model_info: BETA })
    expect(added.status).toBe(200)
    expect(await chat('added')).toBe(200)
  })
})
