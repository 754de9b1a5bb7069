import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ensureBuilt } from './support/child.ts'
import { crowd } from './support/crowd.ts'
import { MoneyRace, type Outcome, type Race, races } from './support/money-race.ts'
import { hasPostgres, startPostgres, type TestPostgres } from './support/postgres.ts'
import { repeat } from './support/repeat.ts'
import type { ReplicasOptions } from './support/replicas.ts'
import { Stage } from './support/stage.ts'

const stage = new Stage()
beforeAll(ensureBuilt, 200_000)
afterEach(() => stage.clear())

/** Nothing here may depend on how fast a machine is: only what never ends fails. */
const LONG = { timeout: 600_000 }
/** So many races are run at once. */
const AT_ONCE = 4

/** Runs races over replicas, and compares three books: the upstream's, the management API's, and the ledger's. */
async function runAll(name: string, options: Omit<ReplicasOptions, 'models'>, list: readonly Race[]): Promise<void> {
  const ground = await MoneyRace.open(stage, options)
  const started = performance.now()
  const outcomes: Outcome[] = []
  const run = async (race: Race) => {
    const outcome = await ground.run(race)
    expectWithin(outcome)
    outcomes.push(outcome)
  }
  const calm = list.filter(race => !race.kills)
  await crowd(calm, AT_ONCE, run)
  for (const index of calm.keys()) {
    const { told, bill } = await ground.spendToldOf(index)
    expect(told).toBe(bill)
  }
  for (const race of list) if (race.kills) await run(race)
  const { wrong, exits } = await ground.close()
  console.log(`${summary(name, outcomes)}; ${Math.round((performance.now() - started) / 1000)} s`)
  expect(wrong).toEqual([])
  expect(exits).toEqual(exits.map(() => 0))
  expect(shareOfRush(outcomes)).toBeGreaterThanOrEqual(0.98)
}

/** Nothing over the limit; and without a death, all that could be bought was bought. */
function expectWithin({ race, limit, held, bill, answered, odd, early, unavailable }: Outcome): void {
  const says = JSON.stringify({ race, early, unavailable, answered }, (_, value) =>
    typeof value === 'bigint' ? String(value) : value,
  )
  expect(odd, says).toEqual([])
  expect(bill, says).toBeLessThanOrEqual(limit)
  if (race.kills) return
  // What is left does not pay for a call: nothing more could be bought.
  expect(limit - bill, says).toBeLessThan(held)
  if (race.costs === 'all') expect(answered, says).toBe(race.pays)
}

/** What was bought in the first rush, of what could be: 0 to 1. Without races that the store had no time for. */
function shareOfRush(outcomes: readonly Outcome[]): number {
  const counted = outcomes.filter(({ race, unavailable }) => race.costs === 'all' && !race.kills && unavailable === 0)
  const sum = (of: (outcome: Outcome) => bigint) => counted.reduce((total, outcome) => total + of(outcome), 0n)
  return counted.length === 0 ? 1 : Number(sum(one => one.rushed)) / Number(sum(one => one.limit - one.held + 1n))
}

/** Figures for the log of a test run. */
function summary(name: string, outcomes: readonly Outcome[]): string {
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + of(outcome), 0)
  const most = outcomes.reduce((over, { bill, limit }) => (bill - limit > over ? bill - limit : over), 0n)
  return [
    `${name}: ${outcomes.length} races of ${sum(({ race }) => race.pays * 10)} calls`,
    `overshoot ${most} nano-USD`,
    `${sum(one => one.answered)} answered`,
    `${(shareOfRush(outcomes) * 100).toFixed(2)} % of what the budget paid for bought in the first rush`,
    `${sum(one => one.early)} waves refused early, ${sum(one => one.unavailable)} calls met a busy store`,
  ].join('; ')
}

describe('ten times as many calls as a budget pays for', LONG, () => {
  it('SQLite, one process', () => runAll('sqlite 1', {}, races(repeat(40), 1)))

  it('SQLite, four workers', () => runAll('sqlite 4', { workers: 4 }, races(repeat(50), 2)))
})

describe.skipIf(!hasPostgres())('the same over PostgreSQL', LONG, () => {
  let postgres: TestPostgres
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres?.stop())

  it('one process', async () => runAll('postgres 1', { database: await postgres.database() }, races(repeat(40), 3)))

  it('four processes, and then with one that dies in the middle', async () => {
    const list = [...races(repeat(60), 4), ...races(repeat(10), 5, true)]
    await runAll('postgres 4', { database: await postgres.database(), count: 4 }, list)
  })
})
