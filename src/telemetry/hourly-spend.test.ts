import { expect, it } from 'vitest'
import type { Attempt } from '../core/call.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { hourlySpend } from './hourly-spend.ts'

const attempt = (cost: bigint | undefined) => ({ attempt: { cost } }) as Attempt

it('marks attempts while the last hour has cost more than the budget', () => {
  const clock = new FakeClock()
  const mark = hourlySpend(100n, clock)
  const exceeded = (cost?: bigint) => mark(attempt(cost))['llm.budget.exceeded']
  expect(exceeded(100n)).toBe(false)
  expect(exceeded(undefined)).toBe(false)
  expect(exceeded(1n)).toBe(true)
  clock.advance(59 * 60_000)
  expect(exceeded(0n)).toBe(true)
  clock.advance(2 * 60_000)
  expect(exceeded(100n)).toBe(false)
})
