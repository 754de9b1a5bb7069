import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom, startUpstream, type Upstream } from '../src/testing/index.ts'
import { ensureBuilt } from './support/child.ts'
import { chat, errorOf, type RawAnswer } from './support/raw.ts'
import { hasRedis, startRedis, type TestRedis } from './support/redis.ts'
import { repeat } from './support/repeat.ts'
import { Replicas, type ReplicasOptions } from './support/replicas.ts'
import { fresh, Stage } from './support/stage.ts'
import { modelList } from './support/yaml.ts'

const stage = new Stage()
beforeAll(ensureBuilt, 200_000)
afterEach(() => stage.clear())

/** Nothing here may depend on how fast a machine is: only what never ends fails. */
const LONG = { timeout: 300_000 }
const ROUNDS = 15
const MINUTE_MS = 60_000

/** Replicas, and an upstream whose answers wait for a gate. */
class Ground {
  readonly replicas: Replicas
  readonly upstream: Upstream
  #gate: Promise<void> = Promise.resolve()

  private constructor(replicas: Replicas, upstream: Upstream) {
    this.replicas = replicas
    this.upstream = upstream
  }

  static async open(options: Omit<ReplicasOptions, 'models'>): Promise<Ground> {
    const gate = { wait: () => Promise.resolve() as Promise<void> }
    const upstream = await startUpstream({ answer: () => gate.wait().then(() => 'well') })
    stage.later(() => upstream.stop())
    const models = modelList({ pool: 'fast', baseUrl: upstream.baseUrl })
    const ground = new Ground(await Replicas.start(stage, { ...options, models }), upstream)
    gate.wait = () => ground.#gate
    return ground
  }

  /** Keeps all answers back; gives what lets them go. */
  shut(): () => void {
    let open = () => {}
    this.#gate = new Promise(resolve => {
      open = resolve
    })
    return open
  }

  /** So many calls at once, spread over all; `seen` is told of each as it ends. */
  rush(key: string, count: number, seen: (answer: RawAnswer) => void = () => {}): Promise<RawAnswer[]> {
    const mark = fresh('limit-')
    return Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const answer = await this.replicas.at(index).chat(key, chat('fast', mark, { max_tokens: 5 }))
        seen(answer)
        return answer
      }),
    )
  }
}

/** At once as many as the limit, and from then on what has melted since the first. */
async function requestsPerMinute(ground: Ground): Promise<void> {
  const random = seededRandom(1)
  const limits = Array.from({ length: repeat(ROUNDS) }, () => 1 + Math.floor(random() * 40))
  for (const limit of limits) {
    const key = await ground.replicas.key({ rpm_limit: limit })
    const begun = performance.now()
    const answers = await ground.rush(key, limit * 3 + 20)
    const melted = Math.floor(((performance.now() - begun) * limit) / MINUTE_MS)
    const passed = answers.filter(({ status }) => status === 200).length
    expect(passed).toBeGreaterThanOrEqual(limit)
    expect(passed).toBeLessThanOrEqual(limit + melted)
    expectRefused(answers, 'requests')
  }
}

async function callsAtOnce(ground: Ground): Promise<void> {
  const random = seededRandom(2)
  for (let round = 0; round < repeat(ROUNDS); round++) {
    const limit = 1 + Math.floor(random() * 12)
    const key = await ground.replicas.key({ max_parallel_requests: limit })
    const before = ground.upstream.log.length
    const open = ground.shut()
    const count = limit * 4
    let refused = 0
    const answers = await ground.rush(key, count, ({ status }) => {
      if (status === 429) refused++
      // Whoever was let in has arrived, and the others are gone.
      if (refused === count - limit) open()
    })
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(limit)
    expect(ground.upstream.log.length - before).toBe(limit)
    expectRefused(answers, 'max_parallel_requests')
  }
}

function expectRefused(answers: readonly RawAnswer[], code: string): void {
  const others = answers.filter(({ status }) => status !== 200)
  expect(others.map(({ status }) => status)).toEqual(others.map(() => 429))
  expect(new Set(others.map(answer => errorOf(answer).code))).toEqual(new Set([code]))
}

describe('calls that race for a limit of their key', LONG, () => {
  it('over four workers: as many pass as it says', async () => {
    const ground = await Ground.open({ workers: 4 })
    await requestsPerMinute(ground)
    await callsAtOnce(ground)
  })
})

describe.skipIf(!hasRedis())('the same over Redis', LONG, () => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis?.stop())

  it('four processes: as many pass as it says', async () => {
    const ground = await Ground.open({
      count: 4,
      redisUrl: `redis://127.0.0.1:${redis.port}`,
      // A slow machine must not look like a Redis that is away.
      sections: { tollgate_settings: { redis: { command_timeout_ms: 10_000 } } },
    })
    await requestsPerMinute(ground)
    await callsAtOnce(ground)
    expect(ground.replicas.all.map(({ warnings }) => warnings)).toEqual(['', '', '', ''])
  })
})
