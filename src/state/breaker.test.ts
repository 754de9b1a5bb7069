import { describe, expect, test } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { Breaker, type BreakerOptions } from './breaker.ts'

function scene(options: Partial<BreakerOptions> = {}) {
  const clock = new FakeClock()
  const probes: { resolve: () => void; reject: () => void }[] = []
  const changes: (string | undefined)[] = []
  const breaker = new Breaker({
    name: 'the store',
    timeoutMs: 100,
    probe: () =>
      new Promise<void>((resolve, reject) => probes.push({ resolve, reject: () => reject(new Error('no')) })),
    onChange: (_, reason) => changes.push(reason),
    clock,
    random: () => 1,
    ...options,
  })
  return { clock, probes, changes, breaker }
}

const never = () => new Promise<never>(() => {})

describe('a breaker', () => {
  test('gives the answer, and sets no timer that stays', async () => {
    const { breaker, clock } = scene()
    expect(await breaker.run(async () => 'yes')).toBe('yes')
    expect(clock.timers).toBe(0)
  })

  test('lets nobody wait longer, and all others go at once', async () => {
    const { breaker, clock, changes } = scene()
    const first = breaker.run(never)
    clock.advance(60)
    const second = breaker.run(never)
    await Promise.all([
      expect(first).rejects.toThrow('the store is away: no answer within 100 ms'),
      expect(second).rejects.toMatchObject({ kind: 'unavailable' }),
      clock.advanceAsync(40),
    ])
    let started = false
    const third = breaker.run(async () => {
      started = true
    })
    await expect(third).rejects.toMatchObject({ kind: 'unavailable' })
    expect(started).toBe(false)
    expect(changes).toEqual(['no answer within 100 ms'])
  })

  test('closes when a probe is answered in time, not when it is answered late', async () => {
    const { breaker, clock, probes, changes } = scene()
    breaker.trip('gone')
    await clock.advanceAsync(250)
    expect(probes).toHaveLength(1)
    // No second one is piled upon it.
    await clock.advanceAsync(10_000)
    expect(probes).toHaveLength(1)
    probes[0]?.resolve()
    await clock.advanceAsync(0)
    expect(breaker.open).toBe(true)
    await clock.advanceAsync(250)
    probes[1]?.resolve()
    await clock.advanceAsync(0)
    expect(breaker.open).toBe(false)
    expect(changes).toEqual(['gone', undefined])
    expect(await breaker.run(async () => 'yes')).toBe('yes')
  })

  test('asks less and less often, within a bound', async () => {
    const { breaker, clock, probes } = scene()
    breaker.trip('gone')
    for (const wait of [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]) {
      const before = probes.length
      await clock.advanceAsync(wait - 1)
      expect(probes).toHaveLength(before)
      await clock.advanceAsync(1)
      expect(probes).toHaveLength(before + 1)
      probes[before]?.reject()
      await clock.advanceAsync(0)
    }
  })

  test('tells an answer that came too late', async () => {
    const { breaker, clock } = scene()
    const late: string[] = []
    let answer = (_: string) => {}
    const run = breaker.run(
      () =>
        new Promise<string>(resolve => {
          answer = resolve
        }),
      value => late.push(value),
    )
    await Promise.all([expect(run).rejects.toThrow(), clock.advanceAsync(100)])
    answer('granted')
    await clock.advanceAsync(0)
    expect(late).toEqual(['granted'])
  })

  test('ends its waits and its probes when it is closed', async () => {
    const { breaker, clock, probes, changes } = scene()
    const run = breaker.run(never)
    breaker.close()
    await expect(run).rejects.toThrow('closed')
    await clock.advanceAsync(60_000)
    expect(probes).toHaveLength(0)
    expect(clock.timers).toBe(0)
    expect(changes).toEqual([])
  })
})
