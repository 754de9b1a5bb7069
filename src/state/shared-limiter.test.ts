import { afterEach, describe, expect, test } from 'vitest'
import { askFor, freshLimit, limiterContract, mustGrant } from '../../test/support/limiter-contract.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { LimitDesk } from './limit-desk.ts'
import type { MessagePort } from './limit-messages.ts'
import type { Limiter } from './limiter.ts'
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
