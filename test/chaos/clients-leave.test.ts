import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Chaos } from '../support/chaos.ts'
import { ensureBuilt } from '../support/child.ts'
import { repeat } from '../support/repeat.ts'

/** Nothing here may depend on how fast a machine is: only what never ends fails. */
const LONG = { timeout: 150_000 }

let chaos: Chaos
beforeAll(async () => {
  await ensureBuilt()
  chaos = await Chaos.start({ upstream: { latencyMs: 15, chunkDelayMs: 4, answer: request => `${request.prompt}` } })
}, 200_000)
afterAll(() => chaos.close())

describe('clients who leave', LONG, () => {
  it('are charged for what was dialled, once, whenever they leave', async () => {
    const leaves = [{ away: chaos.hasArrived }, { events: 1 }, { events: 10 }, 'before-done' as const, undefined]
    const each = async (turn: number) => {
      const leave = leaves[turn % leaves.length]
      await chaos.clients.call({ ...chaos.mixed(turn), streamed: turn % 7 !== 0, ...(leave && { leave }) })
    }
    for (let turn = 0; turn < repeat(400); turn += 20)
      await Promise.all(Array.from({ length: 20 }, (_, index) => each(turn + index)))
    expect(await chaos.settled()).toEqual([])
    const ends = chaos.clients.calls.map(({ end }) => end)
    expect(ends.filter(end => end === 'left').length).toBeGreaterThan(0)
    expect(ends.filter(end => end !== 'left' && end !== 'complete')).toEqual([])
  })

  it('leave nothing under lease and no row behind', async () => {
    expect(await chaos.finish()).toEqual([])
    const { rows } = await chaos.ledger()
    const abandoned = rows.filter(({ outcome }) => outcome === 'abandoned')
    expect(abandoned.length).toBeGreaterThan(0)
    // Whoever left after the first event has been sent something.
    expect(abandoned.filter(({ estimated, charge }) => !estimated && charge === 0n)).toEqual([])
  })
})
