import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/testing/index.ts'
import { Chaos } from '../support/chaos.ts'
import { ensureBuilt } from '../support/child.ts'
import { figures } from '../support/figures.ts'
import { hasPostgres, startPostgres } from '../support/postgres.ts'
import { repeat } from '../support/repeat.ts'

/** Nothing here may depend on how fast a machine is: only what never ends fails. */
const LONG = { timeout: 400_000 }

beforeAll(ensureBuilt, 200_000)
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** Kills each process at random moments under load, and starts it again with the same journal. */
async function killAgainAndAgain(chaos: Chaos, times: number, seed: number): Promise<void> {
  const random = seededRandom(seed)
  const { all } = chaos.replicas
  const each = Math.ceil(times / all.length)
  await Promise.all(
    all.map(async replica => {
      for (let time = 0; time < each; time++) {
        let goesOn = true
        const { url } = replica
        const load = chaos.clients.crowd(
          12,
          turn => chaos.mixed(turn, url),
          () => goesOn,
        )
        await chaos.arrivals(1)
        await new Promise(resolve => setTimeout(resolve, random() * 150))
        goesOn = false
        await replica.kill()
        await load
        await replica.start()
      }
    }),
  )
}

async function expectExactBooks(chaos: Chaos, times: number): Promise<void> {
  expect(await chaos.settled({ killed: true })).toEqual([])
  expect(await chaos.finish({ killed: true })).toEqual([])
  const { rows } = await chaos.ledger()
  const unsettled = rows.filter(({ outcome }) => outcome === 'unsettled')
  figures('SIGKILL', {
    kills: times,
    calls: chaos.clients.calls.length,
    rows: rows.length,
    unsettled: unsettled.length,
    answered: chaos.clients.calls.filter(({ end }) => end === 'complete').length,
    recovered: chaos.warnings().split('took over the journal').length - 1,
  })
  expect(unsettled.length).toBeGreaterThan(0)
}

describe('SIGKILL under load', LONG, () => {
  it('loses nothing and doubles nothing: what was under way is unsettled, once (SQLite)', async () => {
    const chaos = await Chaos.start({ count: 2, upstream: { chunks: 10, chunkDelayMs: 3, latencyMs: 3 } })
    closing.push(() => chaos.close())
    const times = repeat(100)
    await killAgainAndAgain(chaos, times, 1)
    await expectExactBooks(chaos, times)
  })

  it.runIf(hasPostgres())('... and with PostgreSQL', async () => {
    const postgres = await startPostgres()
    closing.push(() => postgres.stop())
    const database = await postgres.database()
    const chaos = await Chaos.start({ database, count: 2, upstream: { chunks: 10, chunkDelayMs: 3, latencyMs: 3 } })
    closing.push(() => chaos.close())
    const times = repeat(12)
    await killAgainAndAgain(chaos, times, 2)
    await expectExactBooks(chaos, times)
  })
})
