import { describe, expect, it } from 'vitest'
import { budgetOf, openTill, type Till } from '../../../test/support/till.ts'
import type { BudgetTerms } from '../../core/budget.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import { MemoryAuthority } from '../memory-authority.ts'

const MINUTE = 60_000

/** Two replicas at noon, which hear from the authority whenever time passes. */
async function scene() {
  const clock = new FakeClock(Date.UTC(2026, 0, 15, 12))
  const authority = new MemoryAuthority({ clock, keepRows: true })
  const one = await openTill('r1', { clock, authority })
  const two = await openTill('r2', { clock, authority })
  const pass = async (ms: number) => {
    await clock.advanceAsync(ms)
    for (const { contact } of [one, two]) contact.heard(clock.monotonic())
  }
  const spend = async (till: Till, terms: BudgetTerms, amount: bigint) => {
    const holding = till.hold([terms], amount).catch(() => undefined)
    await pass(2_000)
    const hold = await holding
    if (!hold) return 0n
    hold.charge(amount)
    hold.release()
    await till.post([], [{ hold, charge: amount }])
    return amount
  }
  /** As after a pulse: what is idle of a budget that has changed goes back. */
  const define = async (terms: BudgetTerms) => {
    await authority.define([terms])
    for (const till of [one, two]) await till.post(till.book.takeIdle([terms.id]))
  }
  return { one, two, authority, pass, spend, define }
}

describe('a budget whose period has changed', () => {
  it('is not overspent in the next window, which begins sooner', async () => {
    const { one, two, pass, spend, define } = await scene()
    const [monthly, daily] = ['month', 'day'].map(period => budgetOf('k', 1_000n, { period })) as [
      BudgetTerms,
      BudgetTerms,
    ]
    ;(await one.hold([monthly], 400n)).release()
    await define(daily)
    await pass(12 * 60 * MINUTE - 30_000)
    ;(await one.hold([daily], 400n)).release()
    await pass(31_000)
    const today = (await spend(one, daily, 400n)) + (await spend(two, daily, 1_000n))
    expect(today).toBe(400n)
    expect(await one.stateOf(daily)).toMatchObject({ spent: 400n })
  })

  it('goes on beyond the end of a window that was shorter', async () => {
    const { one, authority, pass, spend, define } = await scene()
    const [hourly, daily] = ['hour', 'day'].map(period => budgetOf('k', 1_000n, { period })) as [
      BudgetTerms,
      BudgetTerms,
    ]
    expect(await spend(one, hourly, 100n)).toBe(100n)
    await pass(59 * MINUTE)
    expect(await spend(one, hourly, 100n)).toBe(100n)
    await define(daily)
    await pass(MINUTE)
    expect(await spend(one, daily, 100n)).toBe(100n)
    expect((await authority.budgets([daily.id]))[0]?.leased).toBeLessThanOrEqual(200n)
  })
})

describe('a budget that has no limit for a moment', () => {
  it('is not overspent with what was lent of it meanwhile', async () => {
    const { one, two, authority, pass, spend, define } = await scene()
    const key = budgetOf('k', 1_000n)
    await define(key)
    // Its caller is still bounded where nobody has heard of it yet.
    await authority.define([{ ...key, limit: undefined }])
    const stream = await one.hold([key], 900n)
    await define(key)
    await pass(10_000)
    stream.charge(1n)
    stream.release()
    await one.post(one.book.takeIdle(), [{ hold: stream, charge: 1n }])
    const spent = 1n + (await spend(two, key, 999n)) + (await spend(one, key, 500n))
    expect(spent).toBeLessThanOrEqual(1_000n)
    expect(await one.stateOf(key)).toMatchObject({ spent })
  })
})
