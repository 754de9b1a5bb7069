import { afterEach, describe, expect, it } from 'vitest'
import { fault } from '../src/testing/index.ts'
import { chat, post } from './support/raw.ts'
import { Stage } from './support/stage.ts'
import { modelList } from './support/yaml.ts'

const stage = new Stage()
afterEach(() => stage.clear())

async function served(groups: string) {
  const [first, second, third] = [await stage.upstream(), await stage.upstream(), await stage.upstream()]
  const yaml = `${modelList(
    { pool: 'third', baseUrl: third.baseUrl, input: '0.000001' },
    { pool: 'first', baseUrl: first.baseUrl, input: '0.000003' },
    { pool: 'second', baseUrl: second.baseUrl, input: '0.000002' },
  )}router_settings:
  num_retries: 0
  disable_cooldowns: true
  routing_groups: ${groups}
`
  const gateway = await stage.gateway(yaml)
  const ask = (model: string, more = {}) => post(`${gateway.baseUrl}/chat/completions`, chat(model, 'hello', more))
  const counts = () => [first, second, third].map(upstream => upstream.log.length)
  return { first, second, third, gateway, ask, counts }
}

describe('routing_groups with routing_strategy priority', () => {
  const groups =
    '[{group_name: best, models: [first, second, third], routing_strategy: priority, model_priorities: {first: 1, second: 2, third: 3}}]'

  it('asks the lowest number, and the next ones only when it fails', async () => {
    const { first, second, ask, counts } = await served(groups)
    await ask('best')
    await ask('best')
    expect(counts()).toEqual([2, 0, 0])
    first.always(fault.status(500))
    expect((await ask('best')).status).toBe(200)
    expect(counts()).toEqual([3, 1, 0])
    second.always(fault.status(503))
    const answer = await ask('best')
    expect(answer.status).toBe(200)
    expect(counts()).toEqual([4, 2, 1])
  })

  it('leaves calls to a member alone', async () => {
    const { first, ask, counts } = await served(groups)
    first.always(fault.status(500))
    expect((await ask('first')).status).toBe(502)
    expect(counts()).toEqual([1, 0, 0])
  })

  it('is listed and explained', async () => {
    const { gateway } = await served(groups)
    const models = await (await fetch(`${gateway.baseUrl}/models`)).text()
    expect(models).toContain('"best"')
    const explained = JSON.parse((await post(`${gateway.baseUrl}/route/explain`, chat('best', 'hi'))).text)
    expect(explained).toMatchObject({
      pool: 'first',
      because: 'by priority: first, second, third',
      fallbacks: ['second', 'third'],
    })
  })
})

describe('routing_groups with a strategy', () => {
  it('is a pool of all the deployments of its members', async () => {
    const { third, ask, counts } = await served(
      '[{group_name: cheap, models: [first, second, third], routing_strategy: cost-based-routing}]',
    )
    expect((await ask('cheap')).status).toBe(200)
    expect(counts()).toEqual([0, 0, 1])
    third.always(fault.status(500))
    expect((await ask('cheap', { num_retries: 1 })).status).toBe(200)
    expect(counts()).toEqual([0, 1, 2])
  })
})
