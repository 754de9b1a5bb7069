import { describe, expect, it } from 'vitest'
import { Cancellation } from '../core/cancellation.ts'
import { Failure } from '../core/failure.ts'
import { FakeClock } from '../testing/index.ts'
import { type Turn, WaitingLine } from './waiting-line.ts'

const shortage = new Failure('limited', 'All are full.', { retryAfterMs: 3000 })

interface Draft {
  readonly priority?: number
  readonly since?: number
  readonly limitMs?: number
  readonly hasRoom?: () => boolean
  readonly cancellation?: Cancellation
}

/** A line in front of so many places. */
function scene(nextChangeMs = 60_000) {
  const clock = new FakeClock()
  const state = { places: 0 }
  const line = new WaitingLine({ isOpen: () => state.places > 0, nextChangeMs: () => nextChangeMs, clock })
  const called: string[] = []
  const failed: [string, Failure][] = []
  const turns = new Map<string, Turn>()
  const wait = (name: string, draft: Draft = {}) => {
    const waiting = {
      priority: 0,
      since: 0,
      limitMs: 100_000,
      hasRoom: () => true,
      shortage,
      cancellation: new Cancellation(),
    }
    line.wait({ ...waiting, ...draft }).then(
      turn => {
        called.push(name)
        turns.set(name, turn)
      },
      (failure: Failure) => failed.push([name, failure]),
    )
  }
  /** The one who was called takes a place. */
  const take = async (name: string) => {
    state.places--
    turns.get(name)?.over()
    await clock.advanceAsync(0)
  }
  const free = async (count = 1) => {
    state.places += count
    line.look()
    await clock.advanceAsync(0)
  }
  return { clock, line, called, failed, turns, wait, take, free, state }
}

describe('a line of calls that wait', () => {
  it('calls the most urgent first, and of equals the one that came first', async () => {
    const { wait, free, take, called, line } = scene()
    wait('late', { since: 2 })
    wait('idle', { priority: 5 })
    wait('early', { since: 1 })
    wait('urgent', { priority: -1, since: 9 })
    await free(4)
    for (const name of ['urgent', 'early', 'late', 'idle']) {
      expect(called.at(-1)).toBe(name)
      await take(name)
    }
    expect(line.length).toBe(0)
  })

  it('gives one turn at a time, and no more than there are places', async () => {
    const { wait, free, take, called } = scene()
    for (const name of ['a', 'b', 'c']) wait(name)
    await free(2)
    expect(called).toEqual(['a'])
    await take('a')
    expect(called).toEqual(['a', 'b'])
    await take('b')
    expect(called).toEqual(['a', 'b'])
    await free()
    expect(called).toEqual(['a', 'b', 'c'])
  })

  it('passes a turn on that is not wanted, once', async () => {
    const { wait, free, turns, called, clock } = scene()
    wait('a')
    wait('b')
    wait('c')
    await free()
    turns.get('a')?.over()
    turns.get('a')?.over()
    await clock.advanceAsync(0)
    expect(called).toEqual(['a', 'b'])
  })

  it('lets those through that have room while the first has none', async () => {
    const { wait, free, called } = scene()
    wait('large', { hasRoom: () => false })
    wait('small', { since: 1 })
    await free()
    expect(called).toEqual(['small'])
  })

  it('looks again when time alone may have changed something, and not without anybody', async () => {
    const { wait, called, clock, state, take } = scene(60_000)
    expect(clock.timers).toBe(0)
    wait('a')
    state.places = 1
    await clock.advanceAsync(59_999)
    expect(called).toEqual([])
    await clock.advanceAsync(1)
    expect(called).toEqual(['a'])
    await take('a')
    expect(clock.timers).toBe(0)
  })

  it('reckons anew what time may bring whenever something has changed', async () => {
    const changes = { inMs: 60_000 }
    const clock = new FakeClock()
    let isOpen = false
    const line = new WaitingLine({ isOpen: () => isOpen, nextChangeMs: () => changes.inMs, clock })
    const waiting = { priority: 0, since: 0, limitMs: 100_000, shortage, cancellation: new Cancellation() }
    const turn = line.wait({ ...waiting, hasRoom: () => true })
    changes.inMs = 5000
    line.look()
    isOpen = true
    await clock.advanceAsync(5000)
    expect(line.length).toBe(0)
    ;(await turn).over()
  })

  it('is left by those whose patience is at an end, with what they waited for', async () => {
    const { wait, failed, clock, line } = scene()
    wait('a', { limitMs: 5000, priority: 2 })
    await clock.advanceAsync(5000)
    expect(failed[0]?.[1]).toMatchObject({ kind: 'limited', retryAfterMs: 3000, cause: shortage })
    expect(failed[0]?.[1].message).toBe('All are full. In line with priority 2 for at most 5 s, no place came free.')
    expect([line.length, clock.timers]).toEqual([0, 0])
  })

  it('is left at once by those who are cancelled', async () => {
    const { wait, failed, clock, line } = scene()
    const cancellation = new Cancellation()
    const left = new Failure('cancelled', 'the client left')
    wait('a', { cancellation })
    cancellation.cancel(left)
    const gone = new Cancellation()
    gone.cancel(left)
    wait('b', { cancellation: gone })
    await clock.advanceAsync(0)
    expect(failed).toEqual([
      ['a', left],
      ['b', left],
    ])
    expect([line.length, clock.timers]).toEqual([0, 0])
  })

  it('is no longer than a thousand: the least urgent has to go', async () => {
    const { wait, failed, clock, line } = scene()
    for (let index = 0; index < 1000; index++) wait(String(index), { since: index })
    wait('urgent', { priority: -1 })
    wait('idle', { priority: 1 })
    await clock.advanceAsync(0)
    expect(failed.map(([name]) => name)).toEqual(['999', 'idle'])
    expect(failed[1]?.[1].message).toContain('1000 calls that are as urgent wait already')
    expect(line.length).toBe(1000)
  })
})
