import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fault } from '../src/testing/index.ts'
import { ensureBuilt, root, startNode } from './support/child.ts'
import { crowd } from './support/crowd.ts'
import { chat, post } from './support/raw.ts'
import { hasRedis, startRedis } from './support/redis.ts'
import { Stage } from './support/stage.ts'
import { modelList } from './support/yaml.ts'

const stage = new Stage()
beforeAll(ensureBuilt, 200_000)
afterEach(() => stage.clear())

/** Nothing here may depend on how fast a machine is: only what never ends fails. */
const LONG = { timeout: 150_000 }

async function redisPort(): Promise<number> {
  const redis = await startRedis()
  stage.later(() => redis.stop())
  return redis.port
}

/** One `tollgate serve` among several. */
async function serve(yaml: string, args: readonly string[] = []) {
  const config = join(stage.folder(), 'config.yaml')
  writeFileSync(config, yaml)
  const child = startNode([join(root, 'bin', 'tollgate.js'), 'serve', '--config', config, '--port', '0', ...args])
  stage.later(async () => {
    child.signal('SIGKILL')
    await child.exited
  })
  const [, url = ''] = await child.printed(/listens on \S*?(http:\/\/127\.0\.0\.1:\d+)/)
  return { child, ask: () => post(`${url}/v1/chat/completions`, chat('fast', 'hello')) }
}

describe.skipIf(!hasRedis())('two gateways over one Redis', LONG, () => {
  it('keep away both from what one has met', async () => {
    const limited = await stage.upstream()
    limited.always(fault.status(429, { retryAfter: '100' }))
    const well = await stage.upstream()
    const entries = [limited, well].map(({ baseUrl }) => ({ pool: 'fast', baseUrl }))
    const yaml = `${modelList(...entries)}router_settings: {redis_host: 127.0.0.1, redis_port: ${await redisPort()}}\n`
    const [first, second] = await Promise.all([serve(yaml), serve(yaml)])
    // Until they have found each other.
    await new Promise(resolve => setTimeout(resolve, 3_000))
    while (limited.log.length === 0) await first.ask()
    await new Promise(resolve => setTimeout(resolve, 1_000))
    const answers = await crowd(Array.from({ length: 30 }), 4, () => second.ask())
    expect(answers.map(answer => answer.status)).toEqual(answers.map(() => 200))
    expect(limited.log).toHaveLength(1)
  })

  it("keep a deployment's requests per minute together, one of them with two workers", async () => {
    const upstream = await stage.upstream()
    const settings = `{redis_host: 127.0.0.1, redis_port: ${await redisPort()}, num_retries: 0, routing_strategy: usage-based-routing}`
    const models = modelList({ pool: 'fast', baseUrl: upstream.baseUrl, params: { rpm: 40 } })
    const yaml = `${models}router_settings: ${settings}\n`
    const gateways = await Promise.all([serve(yaml), serve(yaml, ['--workers', '2'])])
    await new Promise(resolve => setTimeout(resolve, 3_000))
    let refused = 0
    await crowd([0, 1, 0, 1], 4, async index => {
      while (refused < 200) if ((await gateways[index]?.ask())?.status === 429) refused++
    })
    // The test may run over the end of a minute, and then has two.
    const byMinute = new Map<number, number>()
    for (const { arrivedMs } of upstream.log) {
      const minute = Math.floor(arrivedMs / 60_000)
      byMinute.set(minute, (byMinute.get(minute) ?? 0) + 1)
    }
    // Four at once: whoever was let in at the end of a minute, or not known of yet, may be one of the next.
    for (const requests of byMinute.values()) expect(requests).toBeLessThanOrEqual(40 + 4)
    expect(Math.max(...byMinute.values())).toBeGreaterThanOrEqual(36)
  })
})
