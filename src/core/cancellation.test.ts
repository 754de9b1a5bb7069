import { describe, expect, it } from 'vitest'
import { FakeClock } from '../testing/index.ts'
import { Cancellation } from './cancellation.ts'
import { Failure } from './failure.ts'
import { sleep } from './sleep.ts'

const left = new Failure('cancelled', 'the client left')
const late = new Failure('timed_out', 'too late')

describe('a cancellation', () => {
  it('tells every listener once, with the first reason', () => {
    const cancellation = new Cancellation()
    const told: string[] = []
    cancellation.onCancel(({ kind }) => told.push(`a ${kind}`))
    cancellation.onCancel(({ kind }) => told.push(`b ${kind}`))
    cancellation.throwIfCancelled()
    cancellation.cancel(left)
    cancellation.cancel(late)
    expect(told).toEqual(['a cancelled', 'b cancelled'])
    expect(cancellation.reason).toBe(left)
    expect(() => cancellation.throwIfCancelled()).toThrow(left)
  })

  it('tells those who come too late at once', () => {
    const cancellation = new Cancellation()
    cancellation.cancel(left)
    const told: Failure[] = []
    const release = cancellation.onCancel(reason => told.push(reason))
    release()
    expect(told).toEqual([left])
  })

  it('does not tell those who stopped listening, were it by another listener', () => {
    const cancellation = new Cancellation()
    const told: string[] = []
    cancellation.onCancel(() => release())
    const release = cancellation.onCancel(() => told.push('released'))
    cancellation.onCancel(() => told.push('last'))
    cancellation.cancel(left)
    expect(told).toEqual(['last'])
  })

  it('lets a listener listen, cancel and release without harm', () => {
    const cancellation = new Cancellation()
    const told: string[] = []
    const release = cancellation.onCancel(() => {
      cancellation.cancel(late)
      cancellation.onCancel(({ kind }) => told.push(kind))
      release()
    })
    cancellation.cancel(left)
    expect(told).toEqual(['cancelled'])
  })
})

describe('the child of a cancellation', () => {
  it('is cancelled with its parent', () => {
    const parent = new Cancellation()
    const { cancellation } = parent.child()
    parent.cancel(left)
    expect(cancellation.reason).toBe(left)
  })

  it('is cancelled from the start when its parent was', () => {
    const parent = new Cancellation()
    parent.cancel(left)
    expect(parent.child().cancellation.reason).toBe(left)
  })

  it('is cancelled alone, and a brother does not notice', () => {
    const parent = new Cancellation()
    const [first, second] = [parent.child(), parent.child()]
    first.cancellation.cancel(late)
    expect([parent.reason, second.cancellation.reason]).toEqual([undefined, undefined])
    parent.cancel(left)
    expect([first.cancellation.reason, second.cancellation.reason]).toEqual([late, left])
  })

  it('goes its own way once released', () => {
    const parent = new Cancellation()
    const { cancellation, release } = parent.child()
    release()
    parent.cancel(left)
    expect(cancellation.reason).toBeUndefined()
  })
})

describe('a wait', () => {
  it('ends after its time and leaves nothing behind', async () => {
    const clock = new FakeClock()
    const cancellation = new Cancellation()
    const waited = sleep(1000, clock, cancellation)
    expect(clock.timers).toBe(1)
    clock.advance(1000)
    await waited
    cancellation.cancel(left)
    expect(clock.timers).toBe(0)
  })

  it('is cut short by a cancellation, with its reason', async () => {
    const clock = new FakeClock()
    const cancellation = new Cancellation()
    const waited = sleep(1000, clock, cancellation)
    cancellation.cancel(left)
    await expect(waited).rejects.toBe(left)
    expect(clock.timers).toBe(0)
  })

  it('does not begin when it is too late already', async () => {
    const clock = new FakeClock()
    const cancellation = new Cancellation()
    cancellation.cancel(left)
    await expect(sleep(1000, clock, cancellation)).rejects.toBe(left)
    expect(clock.timers).toBe(0)
  })
})
