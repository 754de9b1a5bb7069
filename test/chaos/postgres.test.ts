import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Chaos } from '../support/chaos.ts'
import { ensureBuilt } from '../support/child.ts'
import type { ClientCall } from '../support/clients.ts'
import { figures } from '../support/figures.ts'
import { hasPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts'

/** Nothing here may depend on how fast a machine is: only what never ends fails. */
const LONG = { timeout: 200_000 }

describe.runIf(hasPostgres())('PostgreSQL that goes away under load', LONG, () => {
  let postgres: TestPostgres
  let database: string
  let chaos: Chaos
  beforeAll(async () => {
    await ensureBuilt()
    postgres = await startPostgres()
    database = await postgres.database()
    chaos = await Chaos.start({ database, count: 2, upstream: { chunks: 5 } })
  }, 200_000)
  afterAll(async () => {
    await chaos?.close()
    await postgres?.stop()
  })

  const underLoad = (work: () => Promise<unknown>) => chaos.underLoad(work, { clients: 8 })

  function expectRefusalsOnly(calls: readonly ClientCall[], codes: RegExp): void {
    const failed = calls.filter(({ end }) => end !== 'complete')
    expect(failed.filter(({ end, status, text }) => end !== 'refused' || status !== 503 || !codes.test(text))).toEqual(
      [],
    )
  }

  it('refuses limited keys with 503 while it is stopped, lets others go on, and loses nothing', async () => {
    let while503: readonly ClientCall[] = []
    const calls = await underLoad(async () => {
      await postgres.halt('kill')
      const from = chaos.clients.calls.length
      await new Promise(resolve => setTimeout(resolve, 4_000))
      while503 = chaos.clients.calls.slice(from).filter(({ end }) => end !== undefined)
      await postgres.resume()
    })
    expectRefusalsOnly(calls, /budget_store_unavailable/)
    expect(calls.filter(({ end, key }) => end !== 'complete' && key === chaos.unlimited)).toEqual([])
    const of = (end: string) => while503.filter(call => call.end === end)
    expect(of('refused').length).toBeGreaterThan(0)
    expect(of('complete').filter(({ key }) => key === chaos.unlimited).length).toBeGreaterThan(0)
    const took = of('refused').map(({ tookMs = 0 }) => tookMs)
    figures('PostgreSQL stopped for 4 s', {
      calls: while503.length,
      refused: took.length,
      longestRefusalMs: Math.round(Math.max(...took)),
      unlimitedAnswered: of('complete').length,
    })
    expect(await chaos.settled()).toEqual([])
  })

  it('goes on when all of its backends are killed, again and again', async () => {
    const calls = await underLoad(async () => {
      for (let time = 0; time < 5; time++) {
        postgres.sql('select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()')
        await new Promise(resolve => setTimeout(resolve, 300))
      }
    })
    expectRefusalsOnly(calls, /budget_store_unavailable/)
    figures('backends killed 5 times', {
      calls: calls.length,
      refused: calls.filter(({ end }) => end === 'refused').length,
    })
    expect(await chaos.settled()).toEqual([])
  })

  it('waits for a lock on the budgets that somebody holds, no longer than it may', async () => {
    const calls = await underLoad(() => lockBudgets(database, 2_500))
    expectRefusalsOnly(calls, /budget_store_unavailable/)
    const took = calls.filter(({ end }) => end === 'refused').map(({ tookMs = 0 }) => tookMs)
    figures('budgets locked for 2.5 s', {
      calls: calls.length,
      refused: took.length,
      longestRefusalMs: Math.round(Math.max(0, ...took)),
    })
    expect(await chaos.settled()).toEqual([])
  })

  it('has every row once, and nothing under lease, at the end', async () => {
    expect(await chaos.finish()).toEqual([])
  })
})

/** Holds a lock on all rows of the budgets for so long. */
async function lockBudgets(url: string, ms: number): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('begin')
    await client.query('select * from budgets for update')
    await new Promise(resolve => setTimeout(resolve, ms))
    await client.query('rollback')
  } finally {
    await client.end()
  }
}
