import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Chaos } from '../support/chaos.ts'
import { ensureBuilt } from '../support/child.ts'
import { repeat } from '../support/repeat.ts'

/** Nothing here may depend on how fast a machine is: only what never ends fails. */
const LONG = { timeout: 150_000 }

let chaos: Chaos
beforeAll(async () => {
  await ensureBuilt()
  chaos = await Chaos.start({ upstream: { chunks: 20, chunkDelayMs: 10, latencyMs: 5 } })
}, 200_000)
afterAll(() => chaos.close())

describe('SIGTERM under load', LONG, () => {
  it('lets calls under way end, loses no row, gives every lease back, and leaves no journal', async () => {
    for (let time = 0; time < repeat(4); time++) {
      if (time > 0) await chaos.replicas.at(0).start()
      const { url } = chaos.replicas.at(0)
      const before = chaos.clients.calls.length
      let goesOn = true
      const load = chaos.clients.crowd(
        24,
        turn => chaos.mixed(turn, url),
        () => goesOn,
      )
      await chaos.arrivals(60)
      // Whoever comes from now on finds nobody: those connections fail, and nothing of theirs was dialled.
      goesOn = false
      expect(await chaos.finish()).toEqual([])
      await load
      const own = chaos.clients.calls.slice(before)
      expect(own.length).toBeGreaterThan(24)
      expect(own.filter(({ end }) => end === 'error-event')).toEqual([])
      // A connection that was idle when the server closed may break before its next request is read.
      const broken = own.filter(({ end }) => end === 'broken')
      expect(broken.filter(({ status }) => status !== undefined)).toEqual([])
    }
    expect(chaos.warnings()).toBe('')
  })
})
