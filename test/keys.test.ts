import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KeyStage } from './support/key-stage.ts'

let stage: KeyStage
beforeAll(async () => {
  stage = await KeyStage.open()
  await stage.people({
    users: { ann: {}, bob: {}, eve: { role: 'internal_user_viewer' }, vic: { role: 'proxy_admin_viewer' } },
    teams: { red: { models: ['small'] }, blue: {} },
    members: [
      ['red', 'ann', 'admin'],
      ['red', 'bob', 'user'],
      ['blue', 'bob', 'admin'],
    ],
  })
})
afterAll(() => stage.close())

const code = (answer: { body: unknown }) => (answer.body as { error?: { code?: string } }).error?.code

describe('a key', () => {
  it('is made, calls, is looked up, changed, renewed and deleted', async () => {
    const made = await stage.ask('/key/generate', {
      key_alias: 'first',
      duration: '30d',
      models: ['small'],
      max_budget: 10,
      metadata: { a: 1 },
    })
    expect(made.body).toMatchObject({ key_alias: 'first', models: ['small'], max_budget: 10, spend: 0 })
    const key = String(made.body.key)
    expect(key).toMatch(/^sk-[\w-]{43}$/)
    expect(made.body.key_name).toBe(`sk-...${key.slice(-4)}`)
    const life = Date.parse(String(made.body.expires)) - Date.parse(String(made.body.created_at))
    expect(life).toBe(30 * 86_400_000)

    expect((await stage.chat(key)).status).toBe(200)
    expect(code(await stage.chat(key, { model: 'large' }))).toBe('key_model_access_denied')
    const info = await stage.ask('/key/info', undefined, key)
    expect(info.body).toMatchObject({ key: made.body.token, info: { max_budget: 10, metadata: { a: 1 } } })
    expect(info.text).not.toContain(key)

    await stage.ask('/key/update', { key, models: ['large'], metadata: null })
    expect((await stage.chat(key, { model: 'large' })).status).toBe(200)
    expect(code(await stage.chat(key))).toBe('key_model_access_denied')

    const renewed = await stage.ask(`/key/${made.body.token}/regenerate`, {})
    expect(code(await stage.chat(key, { model: 'large' }))).toBe('token_not_found_in_db')
    const next = String(renewed.body.key)
    expect((await stage.chat(next, { model: 'large' })).status).toBe(200)

    expect((await stage.ask('/key/delete', { keys: [next] })).body).toEqual({ deleted_keys: [renewed.body.token] })
    expect(code(await stage.chat(next))).toBe('token_not_found_in_db')
  })

  it('that may use a pool may use the aliases of that pool', async () => {
    const aliased = await KeyStage.open({
      yaml: 'router_settings: {model_group_alias: {nick: small, secret: {model: small, hidden: true}, other: large}}\n',
    })
    const key = await aliased.key({ models: ['small'] })
    const status = async (model: string) => (await aliased.chat(key, { model })).status
    expect([await status('nick'), await status('secret'), await status('other')]).toEqual([200, 200, 403])
    const { body } = await aliased.ask('/v1/models', undefined, key)
    expect(body.data).toMatchObject([{ id: 'small' }, { id: 'nick' }])
    expect((await aliased.ask('/v1/models/nick', undefined, key)).status).toBe(200)
    // The name alone grants the name alone.
    const named = await aliased.key({ models: ['nick'] })
    expect((await aliased.chat(named, { model: 'nick' })).status).toBe(200)
    expect((await aliased.chat(named, { model: 'small' })).status).toBe(403)
    await aliased.close()
  })

  it('is blocked and let in again at once', async () => {
    const key = await stage.key()
    expect((await stage.chat(key)).status).toBe(200)
    await stage.ask('/key/block', { key })
    const refused = await stage.chat(key)
    expect([refused.status, code(refused)]).toEqual([403, 'key_blocked'])
    await stage.ask('/key/unblock', { key })
    expect((await stage.chat(key)).status).toBe(200)
  })

  it('is not told apart from others by its beginning (R11), and its stored hash is no key (R12)', async () => {
    const [one, other] = [`sk-${'a'.repeat(80)}1`, `sk-${'a'.repeat(80)}2`]
    await stage.key({ key: one, key_alias: 'one' })
    await stage.key({ key: other, key_alias: 'other' })
    const aliasOf = async (key: string) => (await stage.ask('/key/info', undefined, key)).body as unknown
    expect(await aliasOf(one)).toMatchObject({ info: { key_alias: 'one' } })
    expect(await aliasOf(other)).toMatchObject({ info: { key_alias: 'other' } })
    const id = stage.callers.hash.idOf(one)
    for (const sent of [id, `sk-${id}`]) expect((await stage.chat(sent)).status).toBe(401)
  })

  it('is shown with four characters at most when it is wrong (R16)', async () => {
    const wrong = `sk-${'z'.repeat(40)}QRST`
    const { status, text } = await stage.chat(wrong)
    expect(status).toBe(401)
    expect(text).toContain('…QRST')
    expect(text).not.toContain('zQRST')
  })

  it('R6 stays out whatever SQL stands in it, and when the store fails', async () => {
    for (const sent of ["sk-' OR '1'='1' --", "sk-'; drop table keys; --", `sk-${'"'.repeat(100)}`, 'sk-%', 'sk-\\'])
      expect((await stage.chat(sent)).status).toBe(401)
    expect((await stage.ask('/key/list')).status).toBe(200)
  })

  it('holds what its team and its end users allow', async () => {
    const key = await stage.key({ team_id: 'red', user_id: 'bob' })
    expect((await stage.chat(key)).status).toBe(200)
    expect(code(await stage.chat(key, { model: 'large' }))).toBe('team_model_access_denied')
    await stage.store.db.updateTable('teams').set({ blocked: 1 }).where('id', '=', 'red').execute()
    stage.callers.invalidate({ kind: 'team', id: 'red' })
    expect(code(await stage.chat(key))).toBe('team_blocked')
    await stage.store.db.updateTable('teams').set({ blocked: 0 }).where('id', '=', 'red').execute()
    stage.callers.invalidate({ kind: 'team', id: 'red' })
    const customer = { id: 'mallory', alias: null, blocked: 1, plan_id: null, data: '{}' }
    const dates = { created_at: 0, created_by: null, updated_at: 0, updated_by: null }
    await stage.store.db
      .insertInto('customers')
      .values({ ...customer, ...dates })
      .execute()
    expect(code(await stage.chat(key, { user: 'mallory' }))).toBe('end_user_blocked')
    expect((await stage.chat(key, { user: 'walter' })).status).toBe(200)
  })

  it('lists the models that it may use, and its own names for them', async () => {
    const key = await stage.key({ models: ['small', 'sp*'], aliases: { mine: 'spare', not: 'large' } })
    const { body } = await stage.ask('/v1/models', undefined, key)
    expect((body as unknown as { data: { id: string }[] }).data.map(({ id }) => id)).toEqual(['small', 'spare', 'mine'])
    expect((await stage.chat(key, { model: 'mine' })).status).toBe(200)
    expect(code(await stage.chat(key, { model: 'not' }))).toBe('key_model_access_denied')
    expect((await stage.ask('/v1/models/large', undefined, key)).status).toBe(403)
    expect((await stage.ask('/v1/models/mine', undefined, key)).status).toBe(200)
  })

  it('goes nowhere by a fallback that it may not go by itself', async () => {
    const key = await stage.key({ models: ['small'] })
    const failing = { model: 'small', mock_testing_fallbacks: true }
    expect((await stage.chat(key, { ...failing, fallbacks: ['large'] })).status).toBe(502)
    const both = await stage.key({ models: ['small', 'large'] })
    expect((await stage.chat(both, { ...failing, fallbacks: ['large'] })).status).toBe(200)
    const own = await stage.key({ router_settings: { fallbacks: [{ small: ['spare'] }] } })
    expect((await stage.chat(own, failing)).status).toBe(200)
  })

  it('calls the routes that it is for', async () => {
    const llm = await stage.key({ user_id: 'ann', key_type: 'llm_api' })
    expect((await stage.chat(llm)).status).toBe(200)
    expect(code(await stage.ask('/key/generate', {}, llm))).toBe('route_not_allowed')
    const management = await stage.key({ user_id: 'ann', key_type: 'management' })
    expect(code(await stage.chat(management))).toBe('route_not_allowed')
    expect((await stage.ask('/key/generate', { key_type: 'management' }, management)).status).toBe(200)
    const reader = await stage.key({ user_id: 'ann', key_type: 'read_only' })
    expect((await stage.ask('/key/list', undefined, reader)).status).toBe(200)
    expect(code(await stage.ask('/key/generate', {}, reader))).toBe('route_not_allowed')
    const one = await stage.key({ allowed_routes: ['/v1/chat/completions', '/v1/models/*'] })
    expect((await stage.chat(one)).status).toBe(200)
    expect((await stage.ask('/v1/models/small', undefined, one)).status).toBe(200)
    expect((await stage.ask('/v1/models', undefined, one)).status).toBe(403)
  })

  it('is sent in any of the headers that clients use', async () => {
    const key = await stage.key()
    for (const name of ['x-litellm-api-key', 'x-api-key', 'api-key', 'x-goog-api-key', 'ocp-apim-subscription-key']) {
      const answer = await fetch(`${stage.served.url}/v1/models`, { headers: { [name]: key } })
      expect([name, answer.status]).toEqual([name, 200])
    }
  })

  it('keeps what was spent when it is renewed, and loses it when it is reset', async () => {
    const made = await stage.ask('/key/generate', { max_budget: 10, spend: 4 })
    const renewed = await stage.ask('/key/regenerate', { key: made.body.key })
    expect(renewed.body).toMatchObject({ spend: 4, max_budget: 10 })
    const { budgets } = await stage.callers.find(String(renewed.body.key))
    expect(budgets.find(({ level }) => level === 'key')?.id).toBe(`key|${made.body.token}`)
    const reset = await stage.ask(`/key/${renewed.body.token}/reset_spend`, { reset_to: 1 })
    expect(reset.body).toMatchObject({ spend: 1, previous_spend: 4, max_budget: 10 })
    expect((await stage.ask(`/key/${renewed.body.token}/reset_spend`, { reset_to: 2 })).status).toBe(400)
    expect((await stage.ask(`/key/info?key=${renewed.body.token}`)).body).toMatchObject({ info: { spend: 1 } })
  })
})

describe('what others have', () => {
  it('R23 is not there for them: every id of one tenant is a 404 for another', async () => {
    const anns = await stage.key({ user_id: 'ann', key_alias: 'ann alone' })
    const red = await stage.key({ team_id: 'red', user_id: 'ann' })
    const eve = await stage.key({ user_id: 'eve' })
    const stranger = await stage.key({ user_id: 'bob' })
    const id = stage.callers.hash.idOf(anns)
    for (const named of [anns, id]) {
      expect((await stage.ask(`/key/info?key=${named}`, undefined, stranger)).status).toBe(404)
      for (const path of ['update', 'delete', 'regenerate', 'block', 'unblock']) {
        const body = path === 'delete' ? { keys: [named] } : { key: named }
        expect([path, (await stage.ask(`/key/${path}`, body, stranger)).status]).toEqual([path, 404])
      }
      expect((await stage.ask(`/key/${named}/reset_spend`, { reset_to: 0 }, stranger)).status).toBe(404)
      expect((await stage.ask('/v2/key/info', { keys: [named] }, stranger)).status).toBe(404)
    }
    expect((await stage.ask('/key/generate', { team_id: 'nowhere' }, stranger)).status).toBe(404)
    const list = await stage.ask(
      '/key/list?size=100&include_team_keys=true&return_full_object=true',
      undefined,
      stranger,
    )
    expect(list.text).not.toContain(id)
    expect((await stage.ask(`/key/list?user_id=ann`, undefined, stranger)).body).toMatchObject({ total_count: 0 })
    expect((await stage.ask('/key/aliases', undefined, stranger)).text).not.toContain('ann alone')
    // A member sees the team's keys, and changes none.
    expect((await stage.ask(`/key/info?key=${red}`, undefined, stranger)).status).toBe(200)
    expect((await stage.ask('/key/update', { key: red, key_alias: 'x' }, stranger)).status).toBe(403)
    expect((await stage.ask('/key/generate', {}, eve)).status).toBe(403)
  })

  it('R23 searches take % and _ as they are', async () => {
    await stage.key({ key_alias: '100% sure' })
    const found = async (said: string) =>
      (await stage.ask(`/key/aliases?search=${encodeURIComponent(said)}`)).body as unknown
    expect(await found('0% s')).toMatchObject({ aliases: ['100% sure'] })
    expect(await found('%')).toMatchObject({ aliases: ['100% sure'] })
    expect((await stage.ask(`/key/list?key_alias=${encodeURIComponent('%'.repeat(250))}`)).status).toBe(200)
    expect((await stage.ask(`/key/list?key_alias=${encodeURIComponent('%'.repeat(1_000))}`)).status).toBe(400)
  })
})

describe('a store that is away', () => {
  it('R6 refuses unknown keys with 503 and says nothing of itself; known ones go on', async () => {
    const own = await KeyStage.open()
    try {
      const key = await own.key()
      expect((await own.chat(key)).status).toBe(200)
      await own.store.close()
      expect((await own.chat(key)).status).toBe(200)
      const refused = [await own.chat("sk-' OR '1'='1"), await own.ask('/key/list'), await own.ask('/key/generate', {})]
      for (const { status, text } of refused) {
        expect([500, 503]).toContain(status)
        expect(text).not.toMatch(/select|insert|sqlite|:memory:|OR '1'/i)
      }
      expect([refused[0]?.status, refused[0] && code(refused[0])]).toEqual([503, 'store_unavailable'])
    } finally {
      await own.close().catch(() => {})
    }
  })
})
