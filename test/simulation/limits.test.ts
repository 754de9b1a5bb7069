import { describe, expect, it } from 'vitest'
import type { RateLimit } from '../../src/core/caller.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { DeskWorld } from './desk-world.ts'

const STEPS = 20_000

const PLACES: RateLimit = { level: 'key', subject: 'places', parallel: 3 }
const FEW: RateLimit = { level: 'team', subject: 'few', rpm: 60, tpm: 30_000, parallel: 8 }
const MANY: RateLimit = { level: 'gateway', subject: 'many', rpm: 6_000, tpm: 6_000_000 }

describe('workers that count together', () => {
  for (let seed = 1; seed <= 6; seed++) {
    it(`never let more through than a limit has, and leave nothing taken (seed ${seed})`, async () => {
      const world = new DeskWorld(seededRandom(seed), [PLACES, FEW, MANY])
      await run(world, { random: seededRandom(seed + 100), workers: 1 + (seed % 3), stalls: false })
      await expectWhole(world)
    })
    it(`leave nothing taken where their main process stood still (seed ${seed})`, async () => {
      const world = new DeskWorld(seededRandom(seed), [PLACES, FEW, MANY])
      await run(world, { random: seededRandom(seed + 200), workers: 1 + (seed % 3), stalls: true })
      await expectWhole(world)
    })
  }
})

interface RunOptions {
  readonly random: () => number
  readonly workers: number
  readonly stalls: boolean
}

async function run(world: DeskWorld, { random, workers, stalls }: RunOptions): Promise<void> {
  for (let count = 0; count < workers; count++) world.begin()
  for (let step = 0; step < STEPS; step++) {
    const chance = random()
    for (let count = 0; count < 3; count++) if (random() < 0.8) world.deliverOne()
    if (chance < 0.4) void world.call()
    else if (chance < 0.5) world.settleOne()
    else if (chance < 0.999) world.clock.advance(Math.floor(random() * 30))
    else world.crash()
    if (stalls && random() < (world.isStalled ? 0.003 : 0.002)) world.isStalled = !world.isStalled
    await turn()
    if (!stalls) world.check()
  }
  expect(world.granted).toBeGreaterThan(STEPS / 50)
}

/** When all calls have ended and time has passed, everything can be had again, and no more. */
async function expectWhole(world: DeskWorld): Promise<void> {
  world.isStalled = false
  for (let count = 0; count < 6_000; count++) {
    while (world.running > 0) world.settleOne()
    for (let messages = 0; messages < 10; messages++) world.deliverOne()
    world.clock.advance(50)
    await turn()
  }
  const worker = world.begin()
  const ask = async (limit: RateLimit) => {
    const asked = world.admit(worker, [limit])
    for (let count = 0; count < 100; count++) {
      world.deliverOne()
      await turn()
    }
    return asked
  }
  expect((await ask(MANY)).standings).toMatchObject([{ remainingRequests: 5_999 }])
  expect((await ask(FEW)).standings).toMatchObject([{ remainingRequests: 59, remainingParallel: 7 }])
  for (let count = 0; count < 3; count++) expect((await ask(PLACES)).granted).toBe(true)
  expect((await ask(PLACES)).granted).toBe(false)
}

function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
