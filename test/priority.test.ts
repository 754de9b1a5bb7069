import { afterEach, describe, expect, it } from 'vitest'
import { FakeClock, fault } from '../src/testing/index.ts'
import { chat, errorOf, JSON_HEADERS, open, post } from './support/raw.ts'
import { type Served, Stage } from './support/stage.ts'
import { modelList } from './support/yaml.ts'

const stage = new Stage()
afterEach(() => stage.clear())

const USED = 'x-litellm-request-prioritization-used'
const ROUTER = 'router_settings: {num_retries: 0, disable_cooldowns: true}\n'

/** One upstream that takes one call at a time, and answers after a second of its own clock. */
async function oneAtATime(router = ROUTER, params: object = { max_parallel_requests: 1 }) {
  const time = new FakeClock()
  const up = await stage.upstream({ clock: time, latencyMs: 1000 })
  const clock = new FakeClock()
  const yaml = modelList({ pool: 'fast', baseUrl: up.baseUrl, info: { id: 'a' }, params }) + router
  const served = await stage.gateway(yaml, { clock })
  const ask = (content: string, more: object = {}) =>
    post(`${served.baseUrl}/chat/completions`, chat('fast', content, more))
  /** Lets the upstream answer those that it has, once it has so many. */
  const answer = async (count: number) => {
    await up.arrived(count)
    await time.advanceAsync(1000)
  }
  return { up, clock, served, ask, answer }
}

/** Settles when so many calls stand in line. */
const inLine = async ({ assembly }: Served, count: number, pool = 'fast') =>
  expect.poll(() => assembly.router.pools.resolve(pool)?.line.length, { interval: 1, timeout: 15_000 }).toBe(count)

describe('calls with a priority, while all deployments are full', () => {
  it('wait in line, the most urgent first, and say so', async () => {
    const { up, served, ask, answer } = await oneAtATime()
    const first = ask('first', { priority: 9 })
    await up.arrived(1)
    const idle = ask('idle', { priority: 5 })
    await inLine(served, 1)
    const urgent = ask('urgent', { priority: 1 })
    await inLine(served, 2)
    for (const count of [1, 2, 3]) await answer(count)
    const answers = await Promise.all([first, idle, urgent])
    expect(answers.map(({ status, headers }) => [status, headers[USED]])).toEqual([
      [200, undefined],
      [200, 'true'],
      [200, 'true'],
    ])
    expect(up.log.map(({ prompt }) => prompt)).toEqual(['first', 'urgent', 'idle'])
    expect((await served.lines()).map(line => typeof line.queued_s)).toEqual(['undefined', 'number', 'number'])
    expect(up.log.every(({ body }) => body && !('priority' in Object(body)))).toBe(true)
  })

  it('are refused without one, unless the router has a default', async () => {
    const { up, served, ask, answer } = await oneAtATime()
    const first = ask('first')
    await up.arrived(1)
    const refused = await ask('second')
    expect(refused.status).toBe(429)
    expect(served.assembly.router.pools.resolve('fast')?.line.length).toBe(0)
    await answer(1)
    await first

    const other = await oneAtATime('router_settings: {num_retries: 0, default_priority: 3, polling_interval: 0.5}\n')
    const one = other.ask('one')
    await other.up.arrived(1)
    const two = other.ask('two')
    await inLine(other.served, 1)
    for (const count of [1, 2]) await other.answer(count)
    expect([(await one).status, (await two).headers[USED]]).toEqual([200, 'true'])
  })

  it('leave the line when their client leaves, and nothing is dialled for them', async () => {
    const { up, served, ask, answer } = await oneAtATime()
    const first = ask('first')
    await up.arrived(1)
    const controller = new AbortController()
    const left = fetch(`${served.baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(chat('fast', 'gone', { priority: 0 })),
      signal: controller.signal,
    })
    await inLine(served, 1)
    controller.abort()
    await expect(left).rejects.toThrow()
    await inLine(served, 0)
    await answer(1)
    await first
    expect((await served.watch.ended(2)).map(({ end }) => end.outcome).sort()).toEqual(['abandoned', 'complete'])
    expect(up.log).toHaveLength(1)
  })

  it('are told after their timeout that no place came free', async () => {
    const { up, clock, served, ask, answer } = await oneAtATime()
    const first = ask('first')
    await up.arrived(1)
    const second = ask('second', { priority: 0, timeout: 2 })
    await inLine(served, 1)
    await clock.advanceAsync(2000)
    expect((await second).status).toBe(429)
    expect(errorOf(await second).message).toMatch(/In line with priority 0 for at most 2 s, no place came free\.$/)
    await answer(1)
    await first
  })

  it('wait for the next minute when this one is used up', async () => {
    const { clock, served, ask, answer } = await oneAtATime(
      'router_settings: {num_retries: 0, optional_pre_call_checks: [enforce_model_rate_limits]}\n',
      { rpm: 1 },
    )
    const first = ask('first')
    await answer(1)
    expect((await first).status).toBe(200)
    expect((await ask('refused')).status).toBe(429)
    const second = ask('second', { priority: 0 })
    await inLine(served, 1)
    await clock.advanceAsync(60_000)
    await answer(2)
    expect((await second).headers[USED]).toBe('true')
  })

  it('do not wait for a place that could never hold them', async () => {
    const { up, ask } = await oneAtATime(
      'router_settings: {num_retries: 0, optional_pre_call_checks: [enforce_model_rate_limits]}\n',
      { tpm: 10 },
    )
    const answer = await ask('many words '.repeat(100), { priority: 0 })
    expect(answer.status).toBe(429)
    expect(up.log).toHaveLength(0)
  })

  it('go elsewhere after a while, where there is an elsewhere', async () => {
    const time = new FakeClock()
    const slow = await stage.upstream({ clock: time, latencyMs: 1000 })
    const spare = await stage.upstream()
    const clock = new FakeClock()
    const yaml = modelList(
      { pool: 'fast', baseUrl: slow.baseUrl, params: { max_parallel_requests: 1 } },
      { pool: 'spare', baseUrl: spare.baseUrl },
    )
    const served = await stage.gateway(`${yaml}router_settings: {fallbacks: [{fast: [spare]}]}\n`, { clock })
    const ask = () => post(`${served.baseUrl}/chat/completions`, chat('fast', 'hello', { priority: 0 }))
    const first = ask()
    await slow.arrived(1)
    const second = ask()
    await inLine(served, 1)
    await clock.advanceAsync(8000)
    expect((await second).headers['x-litellm-model-group']).toBe('spare')
    await time.advanceAsync(1000)
    expect((await first).status).toBe(200)
  })

  it('do not wait while all rest after failures', async () => {
    const up = await stage.upstream()
    up.always(fault.status(500))
    const yaml = `${modelList({ pool: 'fast', baseUrl: up.baseUrl })}router_settings: {num_retries: 0, allowed_fails: 0}\n`
    const served = await stage.gateway(yaml, { clock: new FakeClock() })
    const ask = () => post(`${served.baseUrl}/chat/completions`, chat('fast', 'hello', { priority: 0 }))
    expect((await ask()).status).toBe(502)
    expect(served.assembly.router.health()[0]?.isWell).toBe(false)
    expect((await ask()).status).toBe(502)
    expect(served.assembly.router.pools.resolve('fast')?.line.length).toBe(0)
  })

  it('wait with streams as well: a place is free at the last byte', async () => {
    const { up, served, ask, answer } = await oneAtATime()
    const body = JSON.stringify(chat('fast', 'first', { stream: true }))
    const streaming = open(`${served.baseUrl}/chat/completions`, { headers: JSON_HEADERS, body })
    await up.arrived(1)
    const second = ask('second', { priority: 0 })
    await inLine(served, 1)
    await answer(1)
    for await (const _ of await streaming);
    await answer(2)
    expect((await second).headers[USED]).toBe('true')
  })
})
