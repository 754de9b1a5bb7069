import { afterEach, describe, expect, it } from 'vitest'
import { assemble } from '../src/assemble.ts'
import { loadConfig } from '../src/config/load-config.ts'
import { Secret } from '../src/core/secret.ts'
import { createGateway } from '../src/gateway/server.ts'
import { modelOperations } from '../src/management/models.ts'
import { LiveModels } from '../src/management/models-live.ts'
import { openSealer } from '../src/management/models-seal.ts'
import { openStore } from '../src/store/open-store.ts'
import type { Store } from '../src/store/store.ts'
import type { Upstream } from '../src/testing/index.ts'
import { fresh, Stage } from './support/stage.ts'

const stage = new Stage()
afterEach(() => stage.clear())

const MASTER = fresh('sk-master')
const SALT = new Secret(fresh('salt'))

interface Replica {
  readonly store: Store
  readonly models: LiveModels
  readonly warnings: string[]
  /** The answer's status and its body; with a body it is a POST. */
  call(path: string, body?: object, method?: string): Promise<{ status: number; body: never }>
  chat(model: string, more?: object): Promise<{ status: number; text: string }>
}

const FILE = (base: string) => `
model_list:
  - {model_name: fixed, litellm_params: {model: openai/gpt-4o-mini, api_base: ${base}, api_key: sk-of-the-file-0001}, model_info: {id: fixed-1}}
general_settings: {master_key: ${MASTER}}
`

async function replica(upstream: Upstream, sharing?: Store): Promise<Replica> {
  const store = sharing ?? (await openStore({ kind: 'memory' }))
  if (!sharing) stage.later(() => store.close())
  const config = loadConfig({ text: FILE(upstream.baseUrl) }, { env: {} })
  const assembly = assemble(config)
  stage.later(() => assembly.close())
  const warnings: string[] = []
  const models = new LiveModels({
    config,
    store,
    sealer: openSealer(SALT),
    replace: routing => assembly.router.replace(routing),
    warn: message => warnings.push(message),
  })
  await models.refresh()
  const operations = modelOperations(models)
  const gateway = createGateway(assembly.router, { ...config.settings.gateway, money: { store, operations } })
  stage.later(() => gateway.stop(0))
  const url = await gateway.listen({ port: 0 })
  const headers = { authorization: `Bearer ${MASTER}`, 'content-type': 'application/json' }
  const call: Replica['call'] = async (path, body, method = body ? 'POST' : 'GET') => {
    const response = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
    return { status: response.status, body: (await response.json()) as never }
  }
  const chat: Replica['chat'] = async (model, more = {}) => {
    const messages = [{ role: 'user', content: 'hello' }]
    const body = JSON.stringify({ model, messages, ...more })
    const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body })
    return { status: response.status, text: await response.text() }
  }
  return { store, models, warnings, call, chat }
}

function added(upstream: Upstream, more: { params?: object; info?: object; name?: string } = {}) {
  const params = { model: 'openai/gpt-4o', api_base: upstream.baseUrl, api_key: 'sk-added-0000000001', ...more.params }
  return { model_name: more.name ?? 'added', litellm_params: params, model_info: { id: 'm-1', ...more.info } }
}

describe('models of the management API', () => {
  it('answer calls as soon as they are made, as they are changed, and until they are deleted', async () => {
    const upstream = await stage.upstream()
    const { call, chat } = await replica(upstream)
    expect((await chat('added')).status).toBe(404)

    const made = await call('/model/new', added(upstream, { info: { mode: 'chat', team: 'x' } }))
    expect(made).toMatchObject({
      status: 200,
      body: {
        model_id: 'm-1',
        model_name: 'added',
        litellm_params: { model: 'openai/gpt-4o', api_key: '***' },
        model_info: { id: 'm-1', db_model: true, mode: 'chat', team: 'x' },
        created_by: 'master',
        updated_by: 'master',
      },
    })
    expect((await chat('added')).status).toBe(200)
    expect(upstream.log.at(-1)?.headers.authorization).toBe('Bearer sk-added-0000000001')

    const key = 'sk-changed-0000002'
    const changed = { model_info: { id: 'm-1' }, model_name: 'renamed', litellm_params: { api_key: key, model: null } }
    expect(await call('/model/update', changed)).toMatchObject({ status: 400 })
    expect((await chat('added')).status).toBe(200)
    const update = { ...changed, litellm_params: { api_key: key } }
    expect(await call('/model/update', update)).toMatchObject({
      status: 200,
      body: { model_name: 'renamed', litellm_params: { model: 'openai/gpt-4o', api_key: '***' } },
    })
    expect((await chat('added')).status).toBe(404)
    expect((await chat('renamed')).status).toBe(200)
    expect(upstream.log.at(-1)?.headers.authorization).toBe(`Bearer ${key}`)

    const patch = { litellm_params: { api_key: '***', rpm: 7 }, model_info: { mode: null } }
    const patched = await call('/model/m-1/update', patch, 'PATCH')
    expect(patched).toMatchObject({ status: 200, body: { litellm_params: { rpm: 7 } } })
    expect((patched.body as { model_info: object }).model_info).not.toHaveProperty('mode')
    expect((await chat('renamed')).status).toBe(200)
    expect(upstream.log.at(-1)?.headers.authorization).toBe(`Bearer ${key}`)

    expect(await call('/model/delete', { id: 'm-1' })).toEqual({
      status: 200,
      body: { message: 'Model: m-1 deleted successfully' },
    })
    expect((await chat('renamed')).status).toBe(404)
    expect((await call('/model/delete', { id: 'm-1' })).status).toBe(404)
    expect((await chat('fixed')).status).toBe(200)
  })

  it('go without failing a call that is under way', async () => {
    const upstream = await stage.upstream()
    upstream.script({ chunks: 20, chunkDelayMs: 20 })
    const { call, chat } = await replica(upstream)
    await call('/model/new', added(upstream))
    const streams = Array.from({ length: 20 }, (_, n) => chat(n % 2 ? 'added' : 'fixed', { stream: true }))
    await upstream.arrived(streams.length)
    for (let round = 0; round < 10; round++)
      await call('/model/update', { model_info: { id: 'm-1' }, litellm_params: { rpm: 1_000 + round } })
    await call('/model/delete', { id: 'm-1' })
    for (const { status, text } of await Promise.all(streams)) {
      expect(status).toBe(200)
      expect(text).toContain('[DONE]')
      expect(text).not.toContain('"error"')
    }
  })

  it('reach another replica when it hears of the change, and a new one when it starts', async () => {
    const upstream = await stage.upstream()
    const one = await replica(upstream)
    const other = await replica(upstream, one.store)
    await one.call('/model/new', added(upstream))
    expect((await other.chat('added')).status).toBe(404)
    const since = await one.store.db.selectFrom('changes').select(['kind', 'id']).execute()
    expect(since).toEqual([{ kind: 'model', id: 'm-1' }])
    await Promise.all([other.models.refresh(), other.models.refresh(), other.models.refresh()])
    expect((await other.chat('added')).status).toBe(200)
    expect((await (await replica(upstream, one.store)).chat('added')).status).toBe(200)
  })

  it('show their secrets nowhere: not in answers, not in the audit, not in the database', async () => {
    const upstream = await stage.upstream()
    const { call, store } = await replica(upstream)
    const secret = fresh('sk-secret')
    const params = {
      api_key: secret,
      extra_headers: { 'x-anything': secret },
      aws_secret_access_key: secret,
      aws_access_key_id: secret,
      vertex_credentials: secret,
    }
    const answers = [
      await call('/model/new', added(upstream, { params })),
      await call('/model/update', { model_info: { id: 'm-1' }, litellm_params: { api_key: secret, rpm: 1 } }),
      await call('/model/info'),
      await call('/v2/model/info'),
      await call('/model_group/info'),
      await call('/public/litellm_model_cost_map'),
      await call(
        '/model/new',
        added(upstream, { params: { ...params, api_base: `ftp://${secret}` }, info: { id: 'x' } }),
      ),
      await call(
        '/model/new',
        added(upstream, { params: { ...params, api_base: `https://a:${secret}@b` }, info: { id: 'x' } }),
      ),
      await call('/model/delete', { id: 'm-1' }),
    ]
    expect(answers.map(one => one.status)).toEqual([200, 200, 200, 200, 200, 200, 400, 400, 200])
    await call('/model/new', added(upstream, { params }))
    const rows = [
      await store.db.selectFrom('models').selectAll().execute(),
      await store.db.selectFrom('audit').selectAll().execute(),
      await store.db.selectFrom('changes').selectAll().execute(),
    ]
    expect(rows[1]).toMatchObject([{ action: 'model/new' }, { action: 'model/update' }, { action: 'model/delete' }, {}])
    const text = JSON.stringify([answers, rows])
    for (const form of [
      secret,
      Buffer.from(secret).toString('base64'),
      encodeURIComponent(secret),
      secret.slice(0, 12),
    ])
      expect(text).not.toContain(form)
  })

  it.each([
    ['no model', { params: { model: undefined } }, 'litellm_params.model'],
    ['an unknown provider', { params: { model: 'nothing-known', api_base: undefined } }, 'provider'],
    ['another scheme', { params: { api_base: 'file:///etc/passwd' } }, 'http(s)'],
    ['no URL', { params: { api_base: 'not a url' } }, 'not a URL'],
    ['credentials in the URL', { params: { base_url: 'https://user:word@host' } }, 'credentials'],
    ['no key', { params: { api_key: undefined, api_base: 'https://api.openai.com/v1' } }, 'no key'],
    ['the id of a configured model', { info: { id: 'fixed-1' } }, 'configuration file'],
    ['a wrong value', { params: { rpm: 'many' } }, 'rpm'],
  ])('are refused with %s, and nothing changes', async (_, draft, told) => {
    const upstream = await stage.upstream()
    const { call, store } = await replica(upstream)
    const { status, body } = await call('/model/new', added(upstream, draft))
    expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining(told)])
    expect(await store.db.selectFrom('models').selectAll().execute()).toEqual([])
    expect(await store.db.selectFrom('audit').selectAll().execute()).toEqual([])
  })

  it('are made once, and those of the configuration are neither changed nor deleted', async () => {
    const upstream = await stage.upstream()
    const { call } = await replica(upstream)
    expect((await call('/model/new', added(upstream))).status).toBe(200)
    expect((await call('/model/new', added(upstream))).status).toBe(400)
    expect((await call('/model/update', { model_info: { id: 'fixed-1' }, model_name: 'x' })).status).toBe(400)
    expect((await call('/model/fixed-1/update', { model_name: 'x' }, 'PATCH')).status).toBe(400)
    expect((await call('/model/delete', { id: 'fixed-1' })).status).toBe(400)
    expect((await call('/model/update', { model_name: 'x' })).status).toBe(400)
    expect((await call('/model/none/update', { model_name: 'x' }, 'PATCH')).status).toBe(404)
    expect((await call('/model/new', { ...added(upstream), owner: 'me' })).status).toBe(400)
  })

  it('that were sealed with another key are left out and told, and the others answer', async () => {
    const upstream = await stage.upstream()
    const { call, store } = await replica(upstream)
    await call('/model/new', added(upstream))
    await call('/model/new', added(upstream, { name: 'moved', info: { id: 'm-2' } }))
    const first = await store.db.selectFrom('models').select('data').where('id', '=', 'm-1').executeTakeFirstOrThrow()
    await store.db.updateTable('models').set({ data: first.data }).where('id', '=', 'm-2').execute()
    const { chat, warnings } = await replica(upstream, store)
    expect((await chat('added')).status).toBe(200)
    expect((await chat('moved')).status).toBe(404)
    expect(warnings).toEqual([expect.stringContaining('moved is left out')])
  })

  it('are refused with prices that are none, and with guards that have no effect', async () => {
    const upstream = await stage.upstream()
    const { call } = await replica(upstream)
    const refused = (param: string) => ({ status: 400, body: { error: { param } } })
    for (const price of ['abc', -1, 1e300, 2]) {
      const answer = await call('/model/new', added(upstream, { params: { input_cost_per_token: price } }))
      expect(answer, `${price}`).toMatchObject(refused('litellm_params.input_cost_per_token'))
    }
    const guarded = await call('/model/new', added(upstream, { info: { team_id: 'a-team' } }))
    expect(guarded).toMatchObject(refused('model_info.team_id'))
    const free = {
      params: { top_of_the_list: 1, input_cost_per_token: '1e-6' },
      info: { team_id: null, colour: 'red' },
    }
    expect((await call('/model/new', added(upstream, free))).status).toBe(200)

    const dear = { litellm_params: { output_cost_per_token: 1e300 }, model_info: { id: 'm-1' } }
    expect(await call('/model/update', dear)).toMatchObject(refused('litellm_params.output_cost_per_token'))
    const direct = { model_info: { direct_access: true } }
    expect(await call('/model/m-1/update', direct, 'PATCH')).toMatchObject(refused('model_info.direct_access'))
  })

  it('are listed beside those of the configuration, with what they cost', async () => {
    const upstream = await stage.upstream()
    const { call } = await replica(upstream)
    const prices = { input_cost_per_token: 0.000_001, output_cost_per_token: '2e-6', rpm: 5, tpm: 100 }
    await call(
      '/model/new',
      added(upstream, { params: prices, info: { max_input_tokens: 1_000, supports_vision: true } }),
    )
    await call('/model/new', added(upstream, { params: { rpm: 6 }, info: { id: 'm-2' } }))
    const { body } = await call('/model/info')
    expect(body).toMatchObject({
      data: [
        {
          model_name: 'fixed',
          litellm_params: { model: 'openai/gpt-4o-mini' },
          model_info: { id: 'fixed-1', db_model: false },
        },
        {
          model_name: 'added',
          litellm_params: { model: 'openai/gpt-4o', api_base: upstream.baseUrl, api_key: '***', ...prices },
          model_info: {
            id: 'm-1',
            db_model: true,
            key: 'openai/gpt-4o',
            litellm_provider: 'openai',
            mode: 'chat',
            max_input_tokens: 1_000,
            input_cost_per_token: 0.000_001,
            output_cost_per_token: 0.000_002,
            supports_vision: true,
          },
        },
        { model_name: 'added', model_info: { id: 'm-2', input_cost_per_token: 0.000_002_5 } },
      ],
    })
    expect(await call('/v1/model/info?litellm_model_id=m-2')).toMatchObject({
      body: { data: [{ model_info: { id: 'm-2' } }] },
    })
    expect((await call('/model/info?litellm_model_id=none')).status).toBe(404)
    expect(await call('/v2/model/info?search=ADD&page=2&size=1')).toMatchObject({
      body: { data: [{ model_info: { id: 'm-2' } }], total_count: 2, current_page: 2, total_pages: 2, size: 1 },
    })
    expect(await call('/model_group/info?model_group=added')).toMatchObject({
      body: {
        data: [
          {
            model_group: 'added',
            providers: ['openai'],
            input_cost_per_token: 0.000_002_5,
            tpm: 100,
            rpm: 11,
            supports_vision: true,
          },
        ],
      },
    })
    const map = (await call('/public/litellm_model_cost_map')).body as Record<string, object>
    expect(map['openai/gpt-4o-mini']).toMatchObject({ litellm_provider: 'openai', input_cost_per_token: 1.5e-7 })
  })
})
