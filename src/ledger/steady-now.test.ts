import { expect, test } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { steadyNow } from './steady-now.ts'

test('time goes on although the host clock jumps', () => {
  const clock = new FakeClock(1_000_000)
  const now = steadyNow(clock)
  clock.advance(500)
  clock.jump(90_000_000)
  clock.advance(250)
  expect(now()).toBe(1_000_750)
  clock.jump(5)
  expect(now()).toBe(1_000_750)
})
