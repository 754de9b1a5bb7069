import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fault } from '../src/testing/index.ts'
import { ensureBuilt } from './support/child.ts'
import { type ServedProcess, serveProcess } from './support/serve.ts'
import { Stage } from './support/stage.ts'
import { modelList } from './support/yaml.ts'

interface Listed {
  readonly status: number
  readonly ids: readonly string[]
  readonly body: {
    readonly data?: readonly { readonly id: string; readonly metadata?: { readonly fallbacks: readonly string[] } }[]
    readonly error?: { readonly message: string; readonly param: string }
  }
}

async function list(url: string, query = '', key?: string): Promise<Listed> {
  const headers = key ? { authorization: `Bearer ${key}` } : {}
  const answer = await fetch(`${url}/v1/models${query}`, { headers })
  const body = (await answer.json()) as Listed['body']
  return { status: answer.status, body, ids: (body.data ?? []).map(one => one.id) }
}

const ROUTING = `router_settings:
  num_retries: 0
  allowed_fails: 0
  cooldown_time: 60
  model_group_alias: {nick: fast}
  fallbacks: [{fast: [slow, spare]}]
  context_window_fallbacks: [{fast: [spare]}]
  content_policy_fallbacks: [{fast: [slow]}]
`

describe('GET /v1/models', () => {
  const stage = new Stage()
  afterEach(() => stage.clear())

  async function setUp() {
    const [well, ill] = [await stage.upstream(), await stage.upstream()]
    ill.always(fault.status(500))
    const drafts = [
      { pool: 'fast', baseUrl: ill.baseUrl },
      ...['slow', 'spare', 'openai/*'].map(pool => ({ pool, baseUrl: well.baseUrl })),
    ]
    return stage.gateway(modelList(...drafts) + ROUTING)
  }

  it('has no patterns unless they are asked for', async () => {
    const { url } = await setUp()
    const plain = ['fast', 'slow', 'spare', 'nick']
    expect((await list(url)).ids).toEqual(plain)
    expect((await list(url, '?return_wildcard_routes=false')).ids).toEqual(plain)
    for (const yes of ['true', 'True', '1', 'yes'])
      expect((await list(url, `?return_wildcard_routes=${yes}`)).ids).toEqual([
        'fast',
        'slow',
        'spare',
        'openai/*',
        'nick',
      ])
  })

  it.each([
    ['', ['slow', 'spare']],
    ['&fallback_type=general', ['slow', 'spare']],
    ['&fallback_type=context_window', ['spare']],
    ['&fallback_type=content_policy', ['slow']],
  ])('tells fallbacks: include_metadata=true%s', async (more, fallbacks) => {
    const { url } = await setUp()
    const { body } = await list(url, `?include_metadata=true${more}`)
    const told = Object.fromEntries((body.data ?? []).map(one => [one.id, one.metadata?.fallbacks]))
    expect(told).toEqual({ fast: fallbacks, slow: [], spare: [], nick: fallbacks })
  })

  it('leaves out pools of which nobody takes calls: healthy_only=true', async () => {
    const { url, baseUrl } = await setUp()
    const body = JSON.stringify({ model: 'fast', disable_fallbacks: true, messages: [{ role: 'user', content: 'hi' }] })
    await fetch(`${baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    expect((await list(url, '?healthy_only=true')).ids).toEqual(['slow', 'spare'])
    expect((await list(url)).ids).toContain('fast')
  })

  it.each([
    ['include_metadata=maybe', 'must be true or false'],
    ['include_metadata=true&fallback_type=other', 'must be general or context_window or content_policy'],
    ['scope=all', 'must be expand'],
    ['team_id=t', "must be the key's own team"],
  ])('refuses ?%s', async (query, said) => {
    const { url } = await setUp()
    const { status, body } = await list(url, `?${query}`)
    expect(status).toBe(400)
    expect(body.error?.message).toContain(said)
  })

  it('takes no notice of what nobody knows', async () => {
    const { url } = await setUp()
    expect((await list(url, '?api-version=2024-10-21')).ids).toHaveLength(4)
  })
})

describe('GET /v1/models of a key', { timeout: 150_000 }, () => {
  const stage = new Stage()
  let served: ServedProcess
  beforeAll(async () => {
    await ensureBuilt()
    const { baseUrl } = await stage.upstream()
    const draft = { baseUrl, params: {}, info: { access_groups: ['beta'] } }
    const yaml = modelList({ ...draft, pool: 'fast' }, { ...draft, pool: 'slow' }, { pool: 'spare', baseUrl })
    served = await serveProcess(stage, `${yaml}router_settings: {fallbacks: [{fast: [slow, spare]}]}\n`)
  }, 200_000)
  afterAll(() => stage.clear())

  it('has access groups if they are asked for, and their pools', async () => {
    const key = await served.key({ models: ['beta'] })
    expect((await list(served.url, '', key)).ids).toEqual(['fast', 'slow'])
    expect((await list(served.url, '?include_model_access_groups=true', key)).ids).toEqual(['fast', 'slow', 'beta'])
    expect((await list(served.url, '?only_model_access_groups=true', key)).ids).toEqual(['beta'])
    const other = await served.key({ models: ['spare'] })
    expect((await list(served.url, '?include_model_access_groups=true', other)).ids).toEqual(['spare'])
    expect((await list(served.url, '?only_model_access_groups=true', served.master)).ids).toEqual(['beta'])
  })

  it('tells of no fallback that the key may not use', async () => {
    const key = await served.key({ models: ['beta'] })
    const { body } = await list(served.url, '?include_metadata=true', key)
    expect(body.data?.[0]).toMatchObject({ id: 'fast', metadata: { fallbacks: ['slow'] } })
  })

  it('takes its own team, and no other', async () => {
    const team = JSON.parse((await served.ask('/team/new', { models: ['fast'] })).text).team_id as string
    const key = await served.key({ team_id: team })
    expect((await list(served.url, `?team_id=${team}`, key)).ids).toEqual(['fast'])
    expect((await list(served.url, `?team_id=${team}`, await served.key({}))).status).toBe(400)
  })

  it('grows with scope=expand for administrators alone', async () => {
    const key = await served.key({ models: ['spare'] })
    expect((await list(served.url, '?scope=expand', key)).ids).toEqual(['spare'])
    expect((await list(served.url, '?scope=expand', served.master)).ids).toEqual(['fast', 'slow', 'spare'])
  })
})
