import { afterEach, describe, expect, it } from 'vitest'
import { FakeClock, fault } from '../src/testing/index.ts'
import { chat, post, type RawAnswer, raw } from './support/raw.ts'
import { type Served, Stage } from './support/stage.ts'
import { modelList, PLAIN } from './support/yaml.ts'

const stage = new Stage()
afterEach(() => stage.clear())

const get = (url: string, headers = {}) => raw(url, { method: 'GET', headers })
const json = (answer: RawAnswer) => JSON.parse(answer.text)

const PROBED = 'general_settings: {background_health_checks: true, enable_health_check_routing: true}\n'

/** Settles when so many probes have ended. */
async function probed({ watch }: Served, count: number): Promise<void> {
  await watch.ended(count)
}

describe('health probes', () => {
  it('keep calls away from a deployment that fails them, and are accounted', async () => {
    const [good, bad] = [await stage.upstream(), await stage.upstream()]
    bad.always(fault.status(500))
    const yaml = modelList(
      { pool: 'fast', baseUrl: bad.baseUrl, info: { id: 'bad' }, params: { weight: 100 } },
      { pool: 'fast', baseUrl: good.baseUrl, info: { id: 'good' }, params: { weight: 1 } },
    )
    const served = await stage.gateway(yaml + PLAIN + PROBED, { clock: new FakeClock(), random: () => 0 })
    served.assembly.router.prober.start()
    await probed(served, 2)
    const answer = await post(`${served.baseUrl}/chat/completions`, chat('fast', 'hello'))
    expect(answer.status).toBe(200)
    expect(answer.headers['x-litellm-model-id']).toBe('good')
    expect(bad.log).toHaveLength(1)
    expect(good.log[0]?.body).toMatchObject({ messages: [{ role: 'user', content: 'hi' }] })

    const report = json(await get(`${served.url}/health`))
    expect(report).toMatchObject({
      healthy_count: 1,
      unhealthy_count: 1,
      healthy_endpoints: [{ model_id: 'good', probe: { error: null } }],
      unhealthy_endpoints: [{ model_id: 'bad', rests_for_ms: 0, error: expect.stringContaining('500') }],
    })
    expect(json(await get(`${served.url}/health/latest`))).toMatchObject({
      total_models: 2,
      latest_health_checks: { bad: { status: 'unhealthy' }, good: { status: 'healthy', error_message: null } },
    })
    const lines = await served.lines()
    const probes = lines.filter(line => line.purpose === 'probe')
    expect(probes.map(line => [line.deployment, line.status, line.cost_nano_usd])).toEqual(
      expect.arrayContaining([
        ['good', 'ok', 50_000],
        ['bad', 'error', 0],
      ]),
    )
  })

  it('let a deployment back in when a later round finds it well', async () => {
    const up = await stage.upstream()
    const other = await stage.upstream()
    up.next(fault.status(503))
    const clock = new FakeClock()
    const yaml = modelList(
      { pool: 'fast', baseUrl: up.baseUrl, info: { id: 'a' }, params: { order: 1 } },
      { pool: 'fast', baseUrl: other.baseUrl, info: { id: 'b' }, params: { order: 2 } },
    )
    const served = await stage.gateway(yaml + PLAIN + PROBED, { clock })
    const ask = async () =>
      (await post(`${served.baseUrl}/chat/completions`, chat('fast', 'hello'))).headers['x-litellm-model-id']
    served.assembly.router.prober.start()
    await probed(served, 2)
    expect(await ask()).toBe('b')
    await clock.advanceAsync(300_000)
    await probed(served, 5)
    expect(await ask()).toBe('a')
  })

  it('feed the counter of allowed failures where there is such a policy', async () => {
    const up = await stage.upstream()
    up.always(fault.status(500))
    const yaml = modelList({ pool: 'fast', baseUrl: up.baseUrl, info: { id: 'a' } })
    const policy = 'router_settings: {num_retries: 0, allowed_fails_policy: {InternalServerErrorAllowedFails: 1}}\n'
    const clock = new FakeClock()
    const served = await stage.gateway(yaml + policy + PROBED, { clock })
    served.assembly.router.prober.start()
    await probed(served, 1)
    expect(served.assembly.router.health()[0]?.restsForMs).toBe(0)
    await clock.advanceAsync(300_000)
    await probed(served, 2)
    expect(served.assembly.router.health()[0]?.restsForMs).toBe(5_000)
  })

  it('are sent on demand only when asked for, to those that are meant', async () => {
    const up = await stage.upstream()
    const yaml = modelList(
      {
        pool: 'fast',
        baseUrl: up.baseUrl,
        info: { id: 'a', health_check_model: 'openai/tiny', health_check_max_tokens: 7 },
      },
      { pool: 'vectors', baseUrl: up.baseUrl, info: { id: 'b', mode: 'embedding' } },
      { pool: 'off', baseUrl: up.baseUrl, info: { id: 'c', disable_background_health_check: true } },
    )
    const general = 'general_settings: {health_check_skip_disabled_background_models: true}\n'
    const { url } = await stage.gateway(yaml + PLAIN + general)
    expect(json(await get(`${url}/health`)).healthy_count).toBe(3)
    expect(up.log).toHaveLength(0)
    expect(json(await get(`${url}/health?probe=true&model=fast`))).toMatchObject({
      healthy_endpoints: [{ model_id: 'a', probe: { error: null } }],
    })
    expect(up.log.map(({ model, body }) => [model, body])).toEqual([
      ['tiny', expect.objectContaining({ model: 'tiny' })],
    ])
    await get(`${url}/health?probe=true&model_id=b`)
    await get(`${url}/health?probe=true&model_id=c`)
    expect(up.log).toHaveLength(2)
    expect(up.log[1]?.body).toMatchObject({ input: 'hi' })
    expect((await get(`${url}/health?model=nobody`)).status).toBe(404)
    expect((await get(`${url}/health?probe=true`, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect(up.log).toHaveLength(2)
  })

  it('are not shown in detail where the operator does not want it', async () => {
    const up = await stage.upstream()
    up.always(fault.status(500))
    const yaml = modelList({ pool: 'fast', baseUrl: up.baseUrl, info: { id: 'a' } })
    const { url } = await stage.gateway(`${yaml}${PLAIN}general_settings: {health_check_details: false}\n`)
    expect(json(await get(`${url}/health?probe=true`))).toMatchObject({
      unhealthy_endpoints: [{ model: 'openai/gpt-4o-mini', model_id: 'a', model_group: 'fast' }],
      healthy_count: 0,
    })
  })

  it('end with the router', async () => {
    const up = await stage.upstream()
    up.always(fault.hang())
    const yaml = modelList({ pool: 'fast', baseUrl: up.baseUrl })
    const clock = new FakeClock()
    const served = await stage.gateway(yaml + PLAIN + PROBED, { clock })
    const { router } = served.assembly
    router.prober.start()
    await router.close()
    expect(served.watch.callEnds.map(({ end }) => end.outcome)).toEqual(['abandoned'])
    expect(router.health()[0]?.probe).toBeUndefined()
    await clock.advanceAsync(900_000)
    expect(served.watch.callEnds).toHaveLength(1)
  })
})

describe('draining', () => {
  it('turns readiness, and calls are served all the same', async () => {
    const up = await stage.upstream()
    const yaml = `${modelList({ pool: 'fast', baseUrl: up.baseUrl })}general_settings: {enable_drain_endpoint: true, drain_endpoint_token: sesame}\n`
    const { url, baseUrl } = await stage.gateway(yaml)
    const drain = (headers = {}) => raw(`${url}/health/drain`, { headers })
    expect((await drain()).status).toBe(401)
    expect((await drain({ 'x-drain-token': 'wrong' })).status).toBe(401)
    expect((await get(`${url}/health/readiness`)).status).toBe(200)
    expect(json(await drain({ 'x-drain-token': 'sesame' }))).toEqual({ status: 'draining' })
    expect((await get(`${url}/health/readiness`)).status).toBe(503)
    expect((await get(`${url}/health/liveliness`)).status).toBe(200)
    expect((await post(`${baseUrl}/chat/completions`, chat('fast', 'hello'))).status).toBe(200)
  })

  it('needs the master key without a token, and is not there unless it is switched on', async () => {
    const up = await stage.upstream()
    const list = modelList({ pool: 'fast', baseUrl: up.baseUrl })
    const drain = 'general_settings: {enable_drain_endpoint: true, master_key: sk-of-the-master}\n'
    const { url } = await stage.gateway(list + drain)
    expect((await raw(`${url}/health/drain`, { headers: {} })).status).toBe(401)
    const headers = { authorization: 'Bearer sk-of-the-master' }
    expect((await raw(`${url}/health/drain`, { headers })).status).toBe(200)
    const other = await stage.gateway(list)
    expect((await raw(`${other.url}/health/drain`, { headers: {} })).status).toBe(404)
  })
})
