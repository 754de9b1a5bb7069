import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { askFor, freshLimit, limiterContract, mustGrant } from '../../test/support/limiter-contract.ts'
import type { RateLimit } from '../core/caller.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { LimitDesk } from './limit-desk.ts'
import type { MessagePort } from './limit-messages.ts'
import type { Granted, Limiter } from './limiter.ts'
import { sharedLimiter } from './shared-limiter.ts'

/** A way between two processes: messages are copied as JSON, and wait while it is stopped. */
class Way {
  readonly #listeners: readonly [Set<(message: unknown) => void>, Set<(message: unknown) => void>] = [
    new Set(),
    new Set(),
  ]
  #waiting: (() => void)[] = []
  stopped = false

  end(side: 0 | 1): MessagePort {
    const others = this.#listeners[side === 0 ? 1 : 0]
    const mine = this.#listeners[side]
    return {
      send: message => {
        const text = JSON.stringify(message)
        const deliver = () => {
          for (const listener of others) listener(JSON.parse(text))
        }
        if (this.stopped) this.#waiting.push(deliver)
        else setImmediate(deliver)
      },
      onMessage(listener) {
        mine.add(listener)
        return () => mine.delete(listener)
      },
    }
  }

  goOn(): void {
    this.stopped = false
    for (const deliver of this.#waiting.splice(0)) setImmediate(deliver)
  }
}

const closing: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of closing.splice(0)) await one.close()
})

function machine(workers: number, timeoutMs = 60_000) {
  const clock = new FakeClock()
  const desk = new LimitDesk(clock)
  const ways = Array.from({ length: workers }, () => new Way())
  const limiters = ways.map((way, id) => {
    desk.connect(id, way.end(0))
    return sharedLimiter({ port: way.end(1), clock, timeoutMs, random: () => 1, probeMs: [100, 100] })
  })
  closing.push(...limiters, desk)
  return {
    clock,
    desk,
    ways,
    limiters,
    first: limiters[0] as Limiter,
    second: limiters[1] as Limiter,
    way: ways[0] as Way,
  }
}

/** As many turns of the event loop as messages need to go there and back. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await new Promise(resolve => setImmediate(resolve))
}

limiterContract('workers', async clients => machine(clients).limiters)

describe('a limit of which there is plenty', () => {
  /** So many calls one after the other, each of 10 tokens; how many were asked for. */
  async function calls(limiter: Limiter, limits: readonly RateLimit[], count: number) {
    let asked = 0
    const granted: Granted[] = []
    for (let call = 0; call < count; call++) {
      const admission = limiter.admit(askFor(limits, { tokens: 10 }))
      if (admission instanceof Promise) asked++
      const answer = await admission
      if (answer.granted) granted.push(answer)
    }
    return { asked, granted }
  }

  test('is taken in lots, and stands as it would call by call', async () => {
    const { first, second, clock } = machine(2)
    const limits = [freshLimit({ rpm: 64_000, tpm: 640_000 }), freshLimit({ level: 'team', rpm: 100_000 })]
    const { asked, granted } = await calls(first, limits, 1_000)
    expect(granted).toHaveLength(1_000)
    // Twice as much each time, until it is a 64th.
    expect(asked).toBeLessThan(15)
    expect(granted.at(-1)?.standings).toMatchObject([
      { remainingRequests: 63_000, remainingTokens: 630_000 },
      { remainingRequests: 99_000 },
    ])
    for (const one of granted) first.settle(one, 15)
    await clock.advanceAsync(250)
    await turns()
    // Known to the others but for the lot, of which at most half was not used; something has melted meanwhile.
    const [{ remainingTokens = 0 } = {}] = (await mustGrant(second, askFor(limits, { tokens: 0 }))).standings
    expect(remainingTokens).toBeGreaterThan(640_000 - 15_000 - 10_000)
    expect(remainingTokens).toBeLessThan(640_000 - 15_000 + 640_000 / 240 + 1)
    // What is left of it goes back after five seconds.
    await clock.advanceAsync(5_000)
    await turns()
    const [{ remainingRequests = 0 } = {}] = (await mustGrant(second, askFor(limits, { tokens: 0 }))).standings
    expect(remainingRequests).toBe(64_000 - 1)
  })

  test('is asked for with each call while there are few, and when little is left', async () => {
    const { first, second, clock } = machine(2)
    const rare = freshLimit({ rpm: 64_000 })
    for (let call = 0; call < 5; call++) {
      expect(await calls(first, [rare], 1)).toMatchObject({ asked: 1 })
      await clock.advanceAsync(5_250)
    }
    const small = freshLimit({ rpm: 60 })
    expect(await calls(first, [small], 60)).toMatchObject({ asked: 60 })
    expect((await second.admit(askFor([small]))).granted).toBe(false)
  })

  test('whose calls hold places is asked for with each call', async () => {
    const { first } = machine(1)
    expect(await calls(first, [freshLimit({ rpm: 64_000, parallel: 100 })], 50)).toMatchObject({ asked: 50 })
  })

  test('owes nothing more when a lot came too late', async () => {
    const { first, second, clock, way } = machine(2, 100)
    const limit = freshLimit({ rpm: 64_000 })
    let passed = (await calls(first, [limit], 1_000)).granted.length
    way.stopped = true
    let waiting = first.admit(askFor([limit]))
    for (; !(waiting instanceof Promise); passed++) waiting = first.admit(askFor([limit]))
    await clock.advanceAsync(100)
    passed += (await waiting).granted ? 1 : 0
    way.goOn()
    await turns()
    await clock.advanceAsync(100)
    await turns()
    // In so little time as many come free as are less than a lot.
    const { standings } = await mustGrant(second, askFor([limit]))
    expect(standings[0]?.remainingRequests).toBeGreaterThanOrEqual(64_000 - passed - 1)
  })

  test('lets as much pass as it says now, when it was changed while calls run', async () => {
    for (const [before, after] of [
      [6_400_000, 64_000],
      [6_400, 64_000],
    ] as const) {
      const { first, clock } = machine(2)
      const limit = freshLimit({ tpm: before })
      const changed = { ...limit, tpm: after }
      for (const one of (await calls(first, [limit], 500)).granted) first.settle(one, 10)
      let used = 0
      // Three minutes of half as much again as it allows, in calls that use now less, now more than they take.
      for (let step = 0; step < 1_800; step++) {
        if (step === 1_200) used = 0
        for (const tokens of [20, 50, 90]) {
          const admission = await first.admit(askFor([changed], { tokens: 60 }))
          if (!admission.granted) continue
          first.settle(admission, tokens)
          used += tokens
        }
        await turns()
        await clock.advanceAsync(100)
      }
      expect(used).toBeLessThanOrEqual(64_000 * 1.02)
      expect(used).toBeGreaterThanOrEqual(64_000 * 0.98)
    }
  })

  test('lets no more pass than it says, but for a small part, whoever asks when', async () => {
    const moves = fc.array(
      fc.record({
        who: fc.nat(2),
        count: fc.integer({ min: 1, max: 400 }),
        pauseMs: fc.constantFrom(0, 0, 50, 300, 6_000),
      }),
      { minLength: 1, maxLength: 12 },
    )
    await fc.assert(
      fc.asyncProperty(moves, fc.integer({ min: 1, max: 3_000 }), async (all, rpm) => {
        const { limiters, clock } = machine(4)
        const last = limiters.at(3) as Limiter
        const limit = freshLimit({ rpm, tpm: rpm * 20 })
        const start = clock.monotonic()
        let passed = 0
        let used = 0
        for (const { who, count, pauseMs } of all) {
          const limiter = limiters[who] as Limiter
          const { granted } = await calls(limiter, [limit], count)
          passed += granted.length
          granted.forEach((one, index) => {
            limiter.settle(one, (index % 3) * 10)
            used += (index % 3) * 10
          })
          await turns()
          await clock.advanceAsync(pauseMs)
          await turns()
          const melted = ((clock.monotonic() - start) * rpm) / 60_000
          expect(passed).toBeLessThanOrEqual(rpm + melted + (3 * rpm) / 64)
        }
        for (const limiter of limiters.slice(0, 3)) await limiter.close()
        await turns()
        // All that was not used has gone back, and all that was used is known; time makes it more.
        const { standings } = await last.admit(askFor([limit]))
        const [{ remainingRequests = 0, remainingTokens = 0 } = {}] = standings
        const isStill = clock.monotonic() === start
        expect(remainingRequests).toBeGreaterThanOrEqual(Math.max(rpm - passed - 1, 0))
        expect(remainingTokens).toBeGreaterThanOrEqual(Math.max(rpm * 20 - used, 0))
        if (isStill) expect(remainingRequests).toBe(Math.max(rpm - passed - 1, 0))
        if (isStill) expect(remainingTokens).toBe(Math.max(rpm * 20 - used, 0))
      }),
      { numRuns: 60 },
    )
  })
})

describe('workers that count in the main process', () => {
  test('miss what another has taken', async () => {
    const { first, second } = machine(2)
    const limit = freshLimit({ rpm: 2, parallel: 5 })
    await mustGrant(first, askFor([limit]))
    expect((await mustGrant(second, askFor([limit]))).standings).toMatchObject([
      { remainingRequests: 0, remainingParallel: 3 },
    ])
  })

  test('give back the places of one that has died', async () => {
    const { first, second, desk } = machine(2)
    const limit = freshLimit({ parallel: 2 })
    await mustGrant(first, askFor([limit]))
    await mustGrant(first, askFor([limit]))
    expect((await second.admit(askFor([limit]))).granted).toBe(false)
    desk.gone(0)
    await mustGrant(second, askFor([limit]))
    await mustGrant(second, askFor([limit]))
    expect((await second.admit(askFor([limit]))).granted).toBe(false)
  })

  test('go on by their part when it does not answer, and catch up when it does', async () => {
    const { first, second, clock, way } = machine(2, 100)
    const limit = freshLimit({ rpm: 10, parallel: 20 })
    const before = await mustGrant(first, askFor([limit]))
    way.stopped = true
    const waiting = first.admit(askFor([limit]))
    await clock.advanceAsync(100)
    const slow = await waiting
    expect(slow.granted).toBe(true)
    // The other half is the neighbour's; the one before was asked of the main process.
    const alone = Array.from({ length: 6 }, () => first.admit(askFor([limit])))
    expect(alone.some(admission => admission instanceof Promise)).toBe(false)
    const settled = await Promise.all(alone)
    expect(settled.filter(admission => admission.granted)).toHaveLength(4)
    first.settle(before, 0)
    way.goOn()
    await turns()
    await clock.advanceAsync(100)
    await turns()
    // One before, one slow, four alone; that before has ended.
    const { standings } = await mustGrant(second, askFor([limit]))
    expect(standings).toMatchObject([{ remainingRequests: 3, remainingParallel: 14 }])
    for (const admission of [slow, ...settled]) if (admission.granted) first.settle(admission, 0)
    await turns()
    expect((await mustGrant(second, askFor([limit]))).standings).toMatchObject([{ remainingParallel: 18 }])
    // And it is asked again.
    expect(first.admit(askFor([limit]))).toBeInstanceOf(Promise)
  })

  test('wait for a main process that is only busy, and let nobody pass beyond the limit', async () => {
    const clock = new FakeClock()
    const desk = new LimitDesk(clock)
    const ways = [new Way(), new Way()] as const
    const [first, second] = ways.map((way, id) => {
      desk.connect(id, way.end(0))
      return sharedLimiter({ port: way.end(1), clock })
    }) as [Limiter, Limiter]
    closing.push(first, second, desk)
    const limit = freshLimit({ rpm: 1 })
    await mustGrant(second, askFor([limit]))
    ways[0].stopped = true
    const waiting = first.admit(askFor([limit]))
    await clock.advanceAsync(900)
    ways[0].goOn()
    await turns()
    expect((await waiting).granted).toBe(false)
  })

  test('are not stopped by a way that is closed', async () => {
    const closed: MessagePort = {
      send() {
        throw new Error('channel closed')
      },
      onMessage: () => () => {},
    }
    const limiter = sharedLimiter({ port: closed })
    closing.push(limiter)
    const limit = freshLimit({ rpm: 1 })
    await mustGrant(limiter, askFor([limit]))
    expect(limiter.admit(askFor([limit]))).toMatchObject({ granted: false })
  })

  test('leave messages of others alone', async () => {
    const { first, way } = machine(1)
    for (const message of [null, 'x', 1, {}, { limits: 'x' }, { limitReplies: 1 }]) {
      way.end(0).send(message)
      way.end(1).send(message)
    }
    await turns()
    await mustGrant(first, askFor([freshLimit({ rpm: 1 })]))
  })
})
