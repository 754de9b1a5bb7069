import { describe, expect, it } from 'vitest'
import { FakeClock, seededRandom } from './index.ts'

describe('FakeClock', () => {
  it('fires timers in order of time, then of setting, each at its own time', () => {
    const clock = new FakeClock(1000)
    const seen: string[] = []
    const note = (name: string) => () => seen.push(`${name}@${clock.monotonic()}/${clock.now()}`)
    clock.after(30, note('late'))
    clock.after(10, note('early'))
    clock.after(30, note('later'))
    clock.advance(29)
    expect(seen).toEqual(['early@10/1010'])
    clock.advance(1)
    expect(seen).toEqual(['early@10/1010', 'late@30/1030', 'later@30/1030'])
    expect(clock.timers).toBe(0)
  })

  it('fires timers that are set on the way, and leaves cancelled ones', () => {
    const clock = new FakeClock()
    const seen: number[] = []
    const repeat = () => {
      seen.push(clock.monotonic())
      clock.after(10, repeat)
    }
    clock.after(10, repeat)
    clock.after(15, () => seen.push(-1)).cancel()
    clock.advance(35)
    expect(seen).toEqual([10, 20, 30])
    expect(clock.monotonic()).toBe(35)
    expect(clock.timers).toBe(1)
  })

  it('lets promises go on between timers', async () => {
    const clock = new FakeClock()
    const sleep = (ms: number) => new Promise<void>(resolve => clock.after(ms, resolve))
    const seen: number[] = []
    const walk = async () => {
      for (let step = 0; step < 3; step++) {
        await sleep(10)
        seen.push(clock.monotonic())
      }
    }
    const walking = walk()
    await clock.advanceAsync(30)
    await walking
    expect(seen).toEqual([10, 20, 30])
  })

  it('jumps without being noticed by timers', () => {
    const clock = new FakeClock(0)
    let fired = false
    clock.after(10, () => {
      fired = true
    })
    clock.jump(1_000_000)
    clock.advance(9)
    expect([fired, clock.now(), clock.monotonic()]).toEqual([false, 1_000_009, 9])
  })
})

describe('seededRandom', () => {
  it('repeats itself for a seed, differs between seeds and stays in [0, 1)', () => {
    const take = (seed: number) => Array.from({ length: 1000 }, seededRandom(seed))
    expect(take(7)).toEqual(take(7))
    expect(take(7)).not.toEqual(take(8))
    expect(take(7).every(value => value >= 0 && value < 1)).toBe(true)
    const mean = take(7).reduce((sum, value) => sum + value, 0) / 1000
    expect(mean).toBeCloseTo(0.5, 1)
  })
})
