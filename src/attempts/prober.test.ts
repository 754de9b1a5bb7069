import { describe, expect, it } from 'vitest'
import { deployment } from '../../test/support/settings.ts'
import type { Cancellation } from '../core/cancellation.ts'
import type { Deployment } from '../core/deployment.ts'
import type { ProbeSettings } from '../core/settings.ts'
import { NO_PROBES } from '../pools/probe.ts'
import { FakeClock } from '../testing/index.ts'
import { Prober } from './prober.ts'

const of = (id: string, pool: string, probe?: Deployment['probe']) =>
  deployment({ id, pool, baseUrl: 'http://127.0.0.1:1', ...(probe && { probe }) })

/** A prober whose probes end when they are told to. */
function scene(deployments: readonly Deployment[], settings: Partial<ProbeSettings> = {}, mayAsk = () => true) {
  const clock = new FakeClock()
  const sent: string[] = []
  const open: (() => void)[] = []
  const send = (one: Deployment, cancellation: Cancellation) => {
    sent.push(one.id)
    return new Promise<void>(resolve => {
      open.push(resolve)
      cancellation.onCancel(() => resolve())
    })
  }
  const prober = new Prober({ settings: { ...NO_PROBES, ...settings }, deployments, mayAsk, send, clock })
  const endAll = async () => {
    for (const end of open.splice(0)) end()
    await clock.advanceAsync(0)
  }
  return { clock, sent, prober, endAll }
}

const three = [of('a', 'x'), of('b', 'x'), of('c', 'y', { disabled: true })]

describe('rounds of probes', () => {
  it('begin only where they are wanted', () => {
    const { prober, sent, clock } = scene(three)
    prober.start()
    expect(sent).toEqual([])
    expect(clock.timers).toBe(0)
  })

  it('follow each other at the interval, counted from the end of the one before', async () => {
    const { prober, sent, clock, endAll } = scene(three, { background: true, intervalMs: 1000 })
    prober.start()
    prober.start()
    expect(sent).toEqual(['a', 'b'])
    await clock.advanceAsync(5000)
    expect(sent).toEqual(['a', 'b'])
    await endAll()
    await clock.advanceAsync(999)
    expect(sent).toHaveLength(2)
    await clock.advanceAsync(1)
    expect(sent).toEqual(['a', 'b', 'a', 'b'])
  })

  it('keep to the pools that are named, and to so many at a time', async () => {
    const all = [of('a', 'x'), of('b', 'x'), of('c', 'y'), of('d', 'x')]
    const { prober, sent, endAll } = scene(all, { background: true, pools: ['x'], concurrency: 2 })
    prober.start()
    expect(sent).toEqual(['a', 'b'])
    await endAll()
    expect(sent).toEqual(['a', 'b', 'd'])
  })

  it('stop with their owner, probes under way included', async () => {
    const { prober, sent, clock } = scene(three, { background: true, intervalMs: 1000, concurrency: 1 })
    prober.start()
    await prober.stop()
    await clock.advanceAsync(10_000)
    await prober.ask(() => true)
    expect(sent).toEqual(['a'])
    expect(clock.timers).toBe(0)
  })
})

describe('probes on demand', () => {
  it('go to those that are meant, disabled ones included unless it is ruled out', async () => {
    const { prober, sent, endAll } = scene(three)
    const asked = prober.ask(one => one.id !== 'a')
    await endAll()
    await asked
    expect(sent).toEqual(['b', 'c'])
    const strict = scene(three, { skipsDisabled: true })
    void strict.prober.ask(() => true)
    expect(strict.sent).toEqual(['a', 'b'])
  })

  it('join one that is under way', async () => {
    const { prober, sent, endAll } = scene(three)
    const asked = Promise.all([prober.ask(one => one.id === 'a'), prober.ask(one => one.id === 'a')])
    expect(sent).toEqual(['a'])
    await endAll()
    await asked
  })

  it('leave out who may not be asked', async () => {
    const { prober, sent } = scene(three, {}, () => false)
    await prober.ask(() => true)
    expect(sent).toEqual([])
  })
})
