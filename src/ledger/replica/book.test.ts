import { describe, expect, it } from 'vitest'
import { AN_HOUR, budgetOf, openTill, refusalOf, takenOf } from '../../../test/support/till.ts'

const key = budgetOf('k', 1_000n)
const team = budgetOf('t', 500n, { level: 'team', name: 'Team T' })

describe('holding', () => {
  it('knows what a key has spent: here, and elsewhere as of the last lease', async () => {
    const here = await openTill('r1')
    const there = await openTill('r2', here)
    const hold = await here.hold([key, team], 100n)
    expect(hold.keySpent).toBe(0n)
    hold.charge(60n)
    expect(hold.keySpent).toBe(60n)
    const other = await there.hold([key], 300n)
    other.charge(300n)
    await there.post([], [{ hold: other, charge: 300n }])
    expect([hold.keySpent, other.keySpent]).toEqual([60n, 300n])
    expect((await here.hold([key], 400n)).keySpent).toBe(300n)
    expect((await here.hold([team], 1n)).keySpent).toBeUndefined()
  })

  it('sets the same amount aside on every budget, or on none', async () => {
    const till = await openTill()
    const hold = await till.hold([key, team], 400n)
    expect(hold.left).toBe(400n)
    expect(takenOf(hold.purses)).toEqual([400n, 400n])
    // The key has 600 left, the team 100.
    const refusal = await refusalOf(till.hold([key, team], 200n))
    expect(refusal).toMatchObject({ kind: 'over_budget', remaining: 100n })
    expect(refusal.message).toContain("team 'Team T'")
    // What the refused one would have needed of the key is there for others; an eighth of the rest was leased beforehand.
    expect(await till.stateOf(key)).toMatchObject({ leased: 475n })
    await till.hold([key], 600n)
  })

  it('asks nobody while what is under lease suffices', async () => {
    const till = await openTill()
    const first = await till.hold([key], 300n)
    first.release()
    expect(till.book.hold([key], 300n)).not.toBeInstanceOf(Promise)
  })

  it('gives back what was not spent, and what was overrun is spent all the same', async () => {
    const till = await openTill()
    const hold = await till.hold([key], 300n)
    expect(hold.charge(100n)).toBe(0n)
    expect(hold.left).toBe(200n)
    expect(hold.charge(250n)).toBe(50n)
    hold.release()
    hold.release()
    await till.post(
      [],
      [
        { hold, charge: 100n },
        { hold, charge: 250n },
      ],
    )
    // What was leased beforehand, an eighth of the rest, has borne a part of it.
    expect(await till.stateOf(key)).toEqual({ spent: 350n, leased: 37n })
    const rest = await till.hold([key], 650n)
    expect(rest.left).toBe(650n)
    expect(await refusalOf(till.hold([key], 1n))).toMatchObject({ kind: 'over_budget', remaining: 0n })
  })

  it('of nothing passes a budget that has something, at once and for ever', async () => {
    const till = await openTill()
    const free = await till.hold([key, team], 0n)
    expect(free.left).toBe(0n)
    // Less than nothing is free after an overrun.
    free.charge(5n)
    expect((await till.hold([key], 0n)).left).toBe(0n)
    till.clock.advance(AN_HOUR)
    till.contact.heard(till.clock.monotonic())
    expect((await till.hold([key], 0n)).left).toBe(0n)
  })

  it('of nothing does not pass a budget of 0', async () => {
    const till = await openTill()
    expect(await refusalOf(till.hold([budgetOf('none', 0n)], 0n))).toMatchObject({ kind: 'over_budget' })
  })
})

describe('raising', () => {
  it('sets what is missing aside on the same budgets', async () => {
    const till = await openTill()
    const hold = await till.hold([key, team], 100n)
    expect(hold.raise(100n)).toBeUndefined()
    await hold.raise(300n)
    expect(hold.left).toBe(300n)
    expect(takenOf(hold.purses)).toEqual([300n, 300n])
    expect(await refusalOf(Promise.resolve(hold.raise(501n)))).toMatchObject({ kind: 'over_budget' })
    expect(hold.left).toBe(300n)
    hold.release()
    expect(takenOf(hold.purses)).toEqual([0n, 0n])
  })

  it('moves to the new window as a whole when the old one is over', async () => {
    const till = await openTill()
    const hourly = budgetOf('h', 1_000n, { period: 'hour' })
    const hold = await till.hold([hourly, key], 600n)
    const old = hold.purses
    till.clock.advance(AN_HOUR)
    till.contact.heard(till.clock.monotonic())
    expect(hold.raise(600n)).toBeUndefined()
    await hold.raise(700n)
    expect(hold.left).toBe(700n)
    expect(hold.purses.all[0]).not.toBe(old.all[0])
    expect(takenOf(old)[0]).toBe(0n)
    expect(takenOf(hold.purses)).toEqual([700n, 700n])
    expect(await till.stateOf(hourly)).toMatchObject({ spent: 0n })
  })
})

describe('a window that ends', () => {
  const hourly = budgetOf('h', 1_000n, { period: 'hour' })

  it('while money is held leaves the charge in the window in which it was held', async () => {
    const till = await openTill()
    const before = await till.hold([hourly], 900n)
    till.clock.advance(AN_HOUR)
    till.contact.heard(till.clock.monotonic())
    const after = await till.hold([hourly], 800n)
    before.charge(900n)
    before.release()
    await till.post([], [{ hold: before, charge: 900n }])
    expect(await till.stateOf(hourly)).toEqual({ spent: 0n, leased: 825n })
    after.charge(800n)
    await till.post([], [{ hold: after, charge: 800n }])
    expect(await till.stateOf(hourly)).toEqual({ spent: 800n, leased: 25n })
  })

  it('does not end earlier because the wall clock jumps', async () => {
    const till = await openTill()
    const hold = await till.hold([hourly], 1_000n)
    till.clock.jump(till.clock.now() + 2 * AN_HOUR)
    expect(hold.purses.all[0]?.isOpen(till.clock.monotonic())).toBe(true)
  })
})

describe('idle money', () => {
  it('goes back after a minute in which nobody held any', async () => {
    const till = await openTill()
    const hold = await till.hold([key], 300n)
    hold.release()
    till.clock.advance(59_999)
    expect(till.book.takeIdle()).toEqual([])
    till.clock.advance(1)
    const given = till.book.takeIdle()
    expect(given).toMatchObject([{ budgetId: key.id, amount: 387n }])
    await till.post(given)
    expect(await till.stateOf(key)).toEqual({ spent: 0n, leased: 0n })
    expect(till.book.takeIdle()).toEqual([])
    expect(till.book.size).toBe(0)
  })

  it('goes back at once when it is scarce, all but what is held or charged', async () => {
    const till = await openTill()
    const spent = await till.hold([key], 200n)
    spent.charge(50n)
    till.clock.advance(500)
    till.book.takeIdle([key.id])
    await till.hold([key], 100n)
    spent.release()
    expect(till.book.takeIdle([key.id])).toMatchObject([{ amount: 150n }])
    expect(till.book.takeIdle([key.id])).toEqual([])
  })

  it('of a window that is over goes back, and the budget is remembered while calls hold of it', async () => {
    const till = await openTill()
    const hourly = budgetOf('h', 1_000n, { period: 'hour' })
    const hold = await till.hold([hourly], 100n)
    till.clock.advance(AN_HOUR)
    expect(till.book.takeIdle()).toMatchObject([{ budgetId: hourly.id, amount: 100n }])
    expect(till.book.size).toBe(1)
    hold.release()
    till.clock.advance(60_000)
    expect(till.book.takeIdle()).toMatchObject([{ budgetId: hourly.id, amount: 100n }])
    expect(till.book.size).toBe(0)
  })

  it('is leased for one call more, as far ahead as was held lately, and not at all while it is scarce', async () => {
    const till = await openTill()
    const rich = budgetOf('rich', 1_000_000n)
    await till.hold([rich], 100n)
    expect(await till.stateOf(rich)).toMatchObject({ leased: 200n })
    await till.hold([rich], 100n)
    expect(await till.stateOf(rich)).toMatchObject({ leased: 200n })
    till.clock.advance(500)
    await till.hold([rich], 100n)
    // 200 within half a second are 400 a second.
    expect(await till.stateOf(rich)).toMatchObject({ leased: 700n })
    await till.post(till.book.takeIdle([rich.id]))
    await till.hold([rich], 100n)
    expect(await till.stateOf(rich)).toMatchObject({ leased: 400n })
  })

  it('goes back from a caller that pauses, and not from one that goes on', async () => {
    const till = await openTill()
    const others = [budgetOf('a', 1_000n), budgetOf('b', 1_000n)] as const
    for (const one of others) (await till.hold([one], 100n)).release()
    till.clock.advance(50_000)
    till.contact.heard(till.clock.monotonic())
    ;(await till.hold([others[1]], 100n)).release()
    till.clock.advance(10_000)
    expect(till.book.takeIdle()).toMatchObject([{ budgetId: others[0].id, amount: 200n }])
    till.clock.advance(59_999)
    expect(till.book.takeIdle()).toEqual([])
    till.clock.advance(1)
    expect(till.book.takeIdle()).toMatchObject([{ budgetId: others[1].id, amount: 200n }])
    expect(till.book.size).toBe(0)
  })
})

describe('comparing with the authority', () => {
  it('gives back what it was lent and does not know of', async () => {
    const till = await openTill()
    await till.hold([key], 100n)
    await till.authority.lease('r1', [[{ terms: key, need: 50n, want: 50n }]])
    const lost = till.book.reconcile(await till.authority.leases('r1'))
    expect(lost).toMatchObject([{ budgetId: key.id, amount: 50n }])
  })

  it('holds nothing more against what the authority has forgotten, and charges what is held all the same', async () => {
    const till = await openTill()
    const hold = await till.hold([key], 100n)
    await till.authority.leave('r1')
    await till.authority.join({ id: 'r1', host: 'h', pid: 1, leaseMs: AN_HOUR })
    expect(till.book.reconcile(await till.authority.leases('r1'))).toEqual([])
    expect(hold.purses.all[0]?.isDisowned).toBe(true)
    hold.charge(100n)
    await till.post([], [{ hold, charge: 100n }])
    expect(await till.stateOf(key)).toEqual({ spent: 100n, leased: 0n })
    expect((await till.hold([key], 900n)).left).toBe(900n)
    expect(await refusalOf(till.hold([key], 1n))).toMatchObject({ kind: 'over_budget' })
  })
})
