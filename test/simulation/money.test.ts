import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { World, type WorldOptions } from './world.ts'

/** A million in all, over twenty seeds; the same seed is the same run. */
const STEPS = 50_000
const [FIRST = 1, LAST = FIRST] = (process.env.TOLLGATE_SIMULATION_SEEDS ?? '1-20').split('-').map(Number)

const SMALL: WorldOptions['limits'] = { key: 3_000n, team: 2_500n, gateway: 6_000n, provider: 5_000n }
const LIMITS: readonly WorldOptions['limits'][] = [
  { key: 200_000n, team: 50_000n, gateway: 500_000n },
  SMALL,
  { key: 10_000_000n, team: 1_000_000n, gateway: 30_000_000n, provider: 1_500_000n },
]

describe('replicas, leases, crashes and lost messages', () => {
  for (let seed = FIRST; seed <= LAST; seed++) {
    it(`never spend more than a budget has, and charge everything once (seed ${seed})`, {
      timeout: 300_000,
    }, async () => {
      const world = new World({
        random: seededRandom(seed),
        limits: LIMITS[seed % LIMITS.length] ?? SMALL,
        whenAway: seed % 2 === 0 ? 'refuse' : 'spend-leases',
        overruns: seed % 5 === 0 ? 0.05 : 0,
      })
      await run(world, { steps: STEPS, replicas: 1 + (seed % 4), slow: seed % 5 === 4 })
      await settleAll(world)
      // The smallest budgets pay for some thirty.
      expect(world.dialled.size).toBeGreaterThan(15)
      expectAllCharged(world)
      await expectNothingUnderLease(world)
    })
  }
})

describe('without faults', () => {
  it('spends what there is, on four replicas', async () => {
    const limit = 100_000n
    const world = new World({
      random: seededRandom(99),
      limits: { key: limit, team: limit * 10n, gateway: limit * 10n },
      overruns: 0,
    })
    await run(world, { steps: 20_000, replicas: 4, calm: true })
    await settleAll(world)
    const states = await world.authority.budgets(world.limits.ids.filter(id => id.startsWith('key|')))
    for (const { spent } of states) expect(spent).toBeGreaterThan((limit * 98n) / 100n)
  })
})

interface RunOptions {
  readonly steps: number
  readonly replicas: number
  readonly calm?: boolean
  /** Messages take long, and replicas stand still often: several take over for one, and it comes back meanwhile. */
  readonly slow?: boolean
}

async function run(world: World, { steps, replicas, calm = false, slow = false }: RunOptions): Promise<void> {
  for (let count = 0; count < replicas; count++) await world.begin()
  for (let step = 0; step < steps; step++) {
    act(world, calm ? 1 : slow ? 0.25 : 0.7)
    if (!calm) misfortune(world, replicas, slow ? 0.01 : 0.0008)
    await turn()
    await world.limits.check()
  }
}

/** What happens every day. @param arrives the chance of a message to arrive now */
function act(world: World, arrives: number): void {
  const { random } = world
  const chance = random()
  for (let count = 0; count < 3 && world.network.waiting > 0; count++)
    if (random() < arrives) world.network.deliverOne()
  if (chance < 0.35 && world.running + world.held < 200) {
    const able = world.living().filter(replica => !replica.isPaused && !replica.isLeaving)
    const replica = able[Math.floor(random() * able.length)]
    if (replica) void world.call(replica)
  } else if (chance < 0.4) void world.dialOne()
  else if (chance < 0.7) world.settleOne()
  else if (chance < 0.995) world.advance(Math.floor(random() * 40))
  else if (chance < 0.9998) world.advance(Math.floor(random() * 20_000))
  // A machine that slept: windows end while money is held.
  else world.advance(Math.floor(random() * 3_600_000))
}

/** What does not. @param stops the chance of a replica to stand still, or to go on */
function misfortune(world: World, replicas: number, stops: number): void {
  const { random, network } = world
  const chance = random()
  const living = world.living()
  const one = living[Math.floor(random() * living.length)]
  if (chance < 0.0008) world.crash(one, random() < 0.2)
  else if (chance < 0.0012 && one) void world.leave(one)
  else if (chance < 0.002) network.isDown = !network.isDown && random() < 0.5
  else if (chance < 0.003) network.loss = random() < 0.7 ? 0 : random() * 0.2
  else if (chance < 0.0032) void world.limits.redefine(random)
  else if (chance < 0.004) network.delay = random() < 0.4 ? 0 : random()
  if (one && random() < stops) one.isPaused ? world.resume(one) : world.pause(one)
  if (living.length < replicas && random() < 0.01) void world.begin()
}

/** Good weather: everybody who lives settles, hands in its rows and leaves; the dead are looked after. */
async function settleAll(world: World): Promise<void> {
  const { network } = world
  network.isDown = false
  network.loss = 0
  network.delay = 0
  for (const replica of world.living()) if (replica.isPaused) world.resume(replica)
  await world.begin()
  for (let count = 0; count < 4_000; count++) {
    // Calls that waited for money until now begin yet.
    for (let held = world.held; held > 0; held--) void world.dialOne()
    while (world.running > 0) world.settleOne()
    while (network.waiting > 0) network.deliverOne()
    world.advance(50)
    await turn()
  }
  const closing = world.living().map(replica => world.leave(replica))
  let open = true
  void Promise.all(closing).then(() => (open = false))
  while (open) {
    while (network.waiting > 0) network.deliverOne()
    world.advance(50)
    await turn()
  }
}

function expectAllCharged(world: World): void {
  const charged = new Map(world.authority.rows().map(row => [row.id, row.charge]))
  expect(world.authority.rows().length).toBe(charged.size)
  for (const [id, { replica, outcome, cost, bound }] of world.dialled) {
    if (replica.isLost) continue
    const charge = charged.get(id)
    if (charge === undefined) throw new Error(`attempt ${id} was dialled and is not in the ledger`)
    // Of a replica that was thought dead and was not, an attempt may stand at its worst price.
    const isRight = charge === cost || charge === bound
    if (!isRight)
      throw new Error(`attempt ${id} cost ${cost}, at most ${bound}, and was charged ${charge} (${outcome})`)
  }
  for (const id of charged.keys())
    if (!world.dialled.has(id) && !world.begun.has(id)) throw new Error(`${id} was never dialled`)
}

async function expectNothingUnderLease(world: World): Promise<void> {
  for (const { id, leased } of await world.authority.budgets(world.limits.ids)) {
    expect(leased, `under lease of ${id}`).toBe(0n)
  }
}

function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
