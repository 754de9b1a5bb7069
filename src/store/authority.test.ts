import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type AuthorityUnderTest,
  memoryAuthority,
  postgresAuthority,
  START,
  sqliteAuthority,
} from '../../test/support/authorities.ts'
import { ledgerRow } from '../../test/support/ledger-row.ts'
import { hasPostgres } from '../../test/support/postgres.ts'
import { type BudgetTerms, budgetId } from '../core/budget.ts'
import { EVERYTHING, type Grant, type LeaseAnswer } from '../ledger/authority.ts'

/** The promises of the port: one set of tests for every place where budgets can be kept. */
const places: readonly (readonly [string, () => Promise<AuthorityUnderTest>])[] = [
  ['memory', memoryAuthority],
  ['SQLite', sqliteAuthority],
  ...(hasPostgres() ? [['PostgreSQL', postgresAuthority] as const] : []),
]

const HOUR = 3_600_000
const DAY = 24 * HOUR

describe.each(places)('authority in %s', (_, open) => {
  let place: AuthorityUnderTest
  let count = 0
  beforeAll(async () => {
    place = await open()
  })
  afterAll(() => place.close())

  /** Every test has its own budgets and replicas. */
  function terms(parts: Partial<BudgetTerms> = {}): BudgetTerms {
    const subject = `subject-${++count}`
    return { id: budgetId({ level: 'key', subject }), level: 'key', subject, period: 'total', limit: 1000n, ...parts }
  }

  async function replica(leaseMs = DAY): Promise<string> {
    const id = `replica-${++count}`
    await place.authority.join({ id, host: 'host', pid: 1, leaseMs })
    return id
  }

  async function lease(who: string, budget: BudgetTerms, need: bigint, want = need): Promise<LeaseAnswer> {
    const [answer] = await place.authority.lease(who, [[{ terms: budget, need, want }]])
    if (!answer) throw new Error('no answer')
    return answer
  }

  async function granted(who: string, budget: BudgetTerms, need: bigint, want = need): Promise<Grant> {
    return grantOf(await lease(who, budget, need, want))
  }

  async function state({ id }: BudgetTerms) {
    const [found] = await place.authority.budgets([id])
    if (!found) throw new Error(`no budget ${id}`)
    return found
  }

  async function charge(who: string, budget: BudgetTerms, amount: bigint, windowStart?: number) {
    const row = ledgerRow(`row-${++count}`, amount, [{ terms: budget, windowStart }])
    return place.authority.post(who, { rows: [row], returns: [] })
  }

  test('lends what is welcome, but never more of the rest than an eighth beyond the need', async () => {
    const [who, budget] = [await replica(), terms()]
    expect((await granted(who, budget, 200n, 250n)).amount).toBe(250n)
    expect((await granted(who, budget, 350n, 1000n)).amount).toBe(400n)
    expect(await state(budget)).toMatchObject({ spent: 0n, leased: 650n })
  })

  test('lends the last nano-dollar and not one more', async () => {
    const [who, budget] = [await replica(), terms()]
    await granted(who, budget, 993n)
    expect((await granted(who, budget, 7n, 100n)).amount).toBe(7n)
    expect(await lease(who, budget, 1n)).toMatchObject({ refused: { id: budget.id, spent: 0n, leased: 1000n } })
  })

  test('lends a group all or nothing, and serves groups in order', async () => {
    const [who, rich, poor] = [await replica(), terms(), terms({ limit: 10n })]
    const ask = (budget: BudgetTerms, need: bigint) => ({ terms: budget, need, want: need })
    const answers = await place.authority.lease(who, [
      [ask(rich, 100n), ask(poor, 11n)],
      [ask(rich, 5n), ask(poor, 4n)],
      [ask(poor, 7n), ask(rich, 1n)],
    ])
    expect(answers[0]).toMatchObject({ refused: { id: poor.id, leased: 0n } })
    expect(answers[1]).toMatchObject({ granted: [{ amount: 5n }, { amount: 4n }] })
    expect(answers[2]).toMatchObject({ refused: { id: poor.id, leased: 4n } })
    expect(await state(rich)).toMatchObject({ leased: 5n })
    expect(await state(poor)).toMatchObject({ leased: 4n })
  })

  test('a budget that stands in a group twice is judged by the sum', async () => {
    const [who, budget] = [await replica(), terms()]
    const ask = { terms: budget, need: 600n, want: 600n }
    expect((await place.authority.lease(who, [[ask, ask]]))[0]).toHaveProperty('refused')
    expect(await state(budget)).toMatchObject({ leased: 0n })
  })

  test('a limit of 0 lets nothing through, no limit everything, counted', async () => {
    const [who, closed, open] = [await replica(), terms({ limit: 0n }), terms({ limit: undefined })]
    expect(await lease(who, closed, 0n)).toHaveProperty('refused')
    // Only somebody asks who has not heard yet that there is no limit any more.
    expect(await granted(who, open, 5n, 50n)).toMatchObject({ amount: 5n, budget: { leased: 5n } })
    await charge(who, open, 7n)
    expect(await state(open)).toMatchObject({ spent: 7n, leased: 5n })
  })

  test('knows 64-bit amounts exactly', async () => {
    const limit = 9_007_199_254_740_993n * 1000n
    const [who, budget] = [await replica(), terms({ limit })]
    const { budget: lent } = await granted(who, budget, limit - 1n)
    await charge(who, budget, limit - 2n, lent.windowStart)
    expect(await state(budget)).toMatchObject({ limit, spent: limit - 2n, leased: 1n })
  })

  test('charges each row once, however often its batch comes', async () => {
    const [who, budget] = [await replica(), terms()]
    const { windowStart } = (await granted(who, budget, 500n)).budget
    const rows = ['a', 'b', 'c'].map(name => ledgerRow(`${budget.id}-${name}`, 100n, [{ terms: budget, windowStart }]))
    const returns = [{ budgetId: budget.id, windowStart, amount: 50n }]
    const first = await place.authority.post(who, { rows: rows.slice(0, 2), returns, number: 1 })
    const again = await place.authority.post(who, { rows: rows.slice(0, 2), returns, number: 1 })
    const more = await place.authority.post(who, { rows, returns, number: 2 })
    expect([first.written.length, again.written.length, more.written]).toEqual([2, 0, [rows[2]?.id]])
    expect(await state(budget)).toMatchObject({ spent: 300n, leased: 100n })
    expect(await place.rows()).toEqual(expect.arrayContaining(rows.map(({ id }) => id)))
  })

  test('an overrun is spent all the same', async () => {
    const [who, budget] = [await replica(), terms({ limit: 100n })]
    const { windowStart } = (await granted(who, budget, 90n)).budget
    await charge(who, budget, 120n, windowStart)
    expect(await state(budget)).toMatchObject({ spent: 120n, leased: 0n })
    expect(await lease(who, budget, 1n)).toHaveProperty('refused')
  })

  test('what was held under a lease that is gone is spent in its window, and not taken of another lease', async () => {
    const [who, budget] = [await replica(), terms({ period: '1h' })]
    const { windowStart } = (await granted(who, budget, 300n)).budget
    const post = (id: string) => {
      const row = ledgerRow(`${budget.id}-${id}`, 100n, [{ terms: budget, windowStart, isForgotten: true }])
      return place.authority.post(who, { rows: [row], returns: [] })
    }
    await post('present')
    expect(await state(budget)).toMatchObject({ spent: 100n, leased: 300n })
    await place.pass(HOUR)
    await post('late')
    expect(await state(budget)).toMatchObject({ spent: 0n, leased: 0n })
  })

  test('takes back no more than there is', async () => {
    const [who, budget] = [await replica(), terms()]
    const { windowStart } = (await granted(who, budget, 300n)).budget
    await place.authority.post(who, { rows: [], returns: [{ budgetId: budget.id, windowStart, amount: 999n }] })
    expect(await state(budget)).toMatchObject({ spent: 0n, leased: 0n })
  })

  test('a new window begins empty, and what was held in the old one does not touch it', async () => {
    const [who, budget] = [await replica(), terms({ period: '1h' })]
    const grant = await granted(who, budget, 800n)
    expect(grant.resetsInMs).toBe(HOUR)
    await place.pass(3 * HOUR + 5)
    const before = grant.budget.windowStart
    const now = await state(budget)
    expect(now).toMatchObject({ spent: 0n, leased: 0n, windowStart: before + 3 * HOUR, resetsAt: before + 4 * HOUR })
    await charge(who, budget, 700n, before)
    await place.authority.post(who, {
      rows: [],
      returns: [{ budgetId: budget.id, windowStart: before, amount: 100n }],
    })
    expect(await state(budget)).toEqual(now)
    expect((await granted(who, budget, 1000n)).resetsInMs).toBe(HOUR - 5)
  })

  test('windows end with the calendar, and the first begins when the budget does', async () => {
    const [who, budget] = [await replica(), terms({ period: 'month' })]
    const { windowStart, resetsAt } = (await granted(who, budget, 1n)).budget
    expect(new Date(resetsAt ?? 0).toISOString()).toMatch(/^2026-\d\d-01T00:00:00.000Z$/)
    expect(windowStart).toBeGreaterThanOrEqual(START)
    expect(windowStart).toBeLessThanOrEqual(START + DAY)
  })

  test('a refusal tells of a limit once most of it is spent, and not for a call that is larger than all of it', async () => {
    const [who, budget] = [await replica(), terms({ limit: 100n })]
    const { windowStart } = (await granted(who, budget, 100n)).budget
    expect(await lease(who, budget, 101n)).not.toHaveProperty('crossed')
    await charge(who, budget, 40n, windowStart)
    expect(await lease(who, budget, 70n)).not.toHaveProperty('crossed')
    await charge(who, budget, 20n, windowStart)
    expect(await lease(who, budget, 50n)).toMatchObject({ crossed: { what: 'limit', budget: { spent: 60n } } })
    expect(await lease(who, budget, 50n)).not.toHaveProperty('crossed')
  })

  test('tells each limit once per window', async () => {
    const [who, budget] = [await replica(), terms({ period: '1h', limit: 100n, softLimit: 50n })]
    const { windowStart } = (await granted(who, budget, 100n)).budget
    expect((await charge(who, budget, 49n, windowStart)).crossed).toEqual([])
    expect((await charge(who, budget, 1n, windowStart)).crossed).toMatchObject([
      { what: 'soft', budget: { spent: 50n } },
    ])
    expect((await charge(who, budget, 49n, windowStart)).crossed).toEqual([])
    expect((await charge(who, budget, 1n, windowStart)).crossed).toMatchObject([{ what: 'limit' }])
    expect((await charge(who, budget, 1n, windowStart)).crossed).toEqual([])
    await place.pass(HOUR)
    const next = (await granted(who, budget, 100n)).budget.windowStart
    const both = await charge(who, budget, 100n, next)
    expect(both.crossed.map(({ what }) => what)).toEqual(['soft', 'limit'])
  })

  test('a dead replica is known by its leases running out, and lives again when it joins', async () => {
    const who = await replica(1000)
    expect((await place.authority.pulse(who, 1000)).alive).toBe(true)
    await place.pass(1000)
    expect(await place.authority.dead()).not.toContain(who)
    await place.pass(1)
    expect(await place.authority.dead()).toContain(who)
    expect((await place.authority.pulse(who, 1000)).alive).toBe(false)
    await place.authority.join({ id: who, host: 'host', pid: 1, leaseMs: 1000 })
    expect(await place.authority.dead()).not.toContain(who)
    expect((await place.authority.pulse(who, 1000)).alive).toBe(true)
  })

  test('lends nothing to who has not joined, or was silent for too long', async () => {
    const [who, budget] = [await replica(1000), terms()]
    await expect(lease(`stranger-${++count}`, budget, 1n)).rejects.toThrow(/has not joined/)
    await place.pass(1001)
    await expect(lease(who, budget, 1n)).rejects.toThrow(/have run out/)
    expect(await place.authority.budgets([budget.id])).toEqual([])
  })

  test('tells a replica what it has under lease', async () => {
    const [who, budget] = [await replica(), terms({ period: '1h' })]
    const { windowStart } = (await granted(who, budget, 300n)).budget
    await charge(who, budget, 100n, windowStart)
    expect(await place.authority.leases(who)).toEqual([{ budgetId: budget.id, windowStart, amount: 200n }])
    await place.pass(HOUR)
    await granted(who, budget, 1n)
    expect(await place.authority.leases(who)).toMatchObject([{ windowStart: windowStart + HOUR, amount: 1n }])
  })

  test('what a dead replica had is spent until its journal turns up', async () => {
    const [who, other, budget] = [await replica(1000), await replica(), terms()]
    const { windowStart } = (await granted(who, budget, 600n)).budget
    await granted(other, budget, 100n)
    expect(await place.authority.writeOff(who)).toEqual([])
    await place.pass(1001)
    expect(await place.authority.writeOff(who)).toMatchObject([{ amount: 600n, budget: { spent: 600n, leased: 100n } }])
    expect(await place.authority.writeOff(who)).toEqual([])
    await charge(who, budget, 250n, windowStart)
    expect(await state(budget)).toMatchObject({ spent: 600n, leased: 100n })
    await place.authority.leave(who)
    expect(await state(budget)).toMatchObject({ spent: 250n, leased: 100n })
    await place.authority.leave(who)
    expect(await state(budget)).toMatchObject({ spent: 250n, leased: 100n })
  })

  test('all that a dead replica had is written off, however much, and is its own again when it joins', async () => {
    const who = await replica(1000)
    const many = Array.from({ length: 4_100 }, () => terms())
    await place.authority.lease(who, [many.map(one => ({ terms: one, need: 100n, want: 100n }))])
    await place.pass(1001)
    expect(await place.authority.writeOff(who)).toHaveLength(many.length)
    const sums = async () => {
      const states = await place.authority.budgets(many.map(({ id }) => id))
      return new Set(states.map(({ spent, leased }) => `${spent} ${leased}`))
    }
    expect(await sums()).toEqual(new Set(['100 0']))
    await place.authority.join({ id: who, host: 'host', pid: 1, leaseMs: HOUR })
    expect(await sums()).toEqual(new Set(['0 100']))
    await place.authority.leave(who)
  })

  test('a replica that leaves gives back all its leases, however many', async () => {
    const [who, other] = [await replica(), await replica()]
    const many = Array.from({ length: 4_100 }, () => terms())
    const asks = many.map(one => ({ terms: one, need: 100n, want: 100n }))
    await place.authority.lease(who, [asks])
    await granted(other, terms(), 5n)
    await place.authority.leave(who)
    const states = await place.authority.budgets(many.map(({ id }) => id))
    expect(states).toHaveLength(many.length)
    expect(states.filter(({ leased }) => leased !== 0n)).toEqual([])
    expect(await place.authority.leases(other)).toHaveLength(1)
    await expect(lease(who, terms(), 1n)).rejects.toThrow()
  })

  test('what is lent while a replica leaves goes back with the rest', async () => {
    for (let round = 0; round < 40; round++) {
      const who = await replica()
      const budgets = Array.from({ length: 6 }, () => terms())
      const asked = budgets.map(budget => lease(who, budget, 100n))
      await Promise.allSettled([...asked.slice(0, 3), place.authority.leave(who), ...asked.slice(3)])
      const states = await place.authority.budgets(budgets.map(({ id }) => id))
      expect(states.filter(({ spent, leased }) => spent + leased > 0n)).toEqual([])
    }
  })

  test('a replica that joins again while it is written off has its leases as before', async () => {
    for (let round = 0; round < 40; round++) {
      const [who, budget] = [await replica(HOUR), terms()]
      await granted(who, budget, 300n)
      await place.pass(HOUR + 1)
      const { authority } = place
      await Promise.all([
        authority.writeOff(who),
        authority.join({ id: who, host: 'host', pid: 1, leaseMs: HOUR }),
        authority.writeOff(who),
      ])
      expect(await state(budget)).toMatchObject({ spent: 0n, leased: 300n })
    }
  })

  test('who has taken over for a replica does nothing to it once it has joined again', async () => {
    const [who, budget] = [await replica(HOUR), terms()]
    const { authority } = place
    await authority.leave(who, true)
    expect((await authority.pulse(who, HOUR)).alive).toBe(true)
    await place.pass(HOUR + 1)
    expect([await authority.claim(who, false), await authority.claim(who, false)]).toEqual([true, true])
    await authority.leave(who, true)
    await authority.join({ id: who, host: 'host', pid: 1, leaseMs: HOUR })
    await granted(who, budget, 300n)
    await authority.leave(who, true)
    expect(await authority.leases(who)).toMatchObject([{ amount: 300n }])
    await authority.leave(who)
    expect(await state(budget)).toMatchObject({ spent: 0n, leased: 0n })
    // Nobody knows it any more, as when its journal turns up years later.
    expect(await authority.claim(who, false)).toBe(true)
    await expect(authority.join({ id: who, host: 'host', pid: 1, leaseMs: HOUR })).rejects.toThrow(/taken over/)
    await authority.leave(who, true)
    expect(await authority.dead()).not.toContain(who)
  })

  test('what a replica has is not told while it is written off, because it may be its own again', async () => {
    const [who, budget] = [await replica(HOUR), terms()]
    await granted(who, budget, 300n)
    await place.pass(HOUR + 1)
    await place.authority.writeOff(who)
    await expect(place.authority.leases(who)).rejects.toThrow(/have run out/)
    await place.authority.join({ id: who, host: 'host', pid: 1, leaseMs: HOUR })
    expect(await place.authority.leases(who)).toMatchObject([{ amount: 300n }])
  })

  test('a replica that was written off and joins again has its leases as before', async () => {
    const [who, budget] = [await replica(1000), terms()]
    const { windowStart } = (await granted(who, budget, 300n)).budget
    await place.pass(1001)
    await place.authority.writeOff(who)
    await charge(who, budget, 50n, windowStart)
    await place.authority.join({ id: who, host: 'host', pid: 1, leaseMs: DAY })
    expect(await state(budget)).toMatchObject({ spent: 50n, leased: 250n })
    await granted(who, budget, 200n)
    await charge(who, budget, 350n, windowStart)
    expect(await state(budget)).toMatchObject({ spent: 400n, leased: 100n })
    await place.authority.leave(who)
    expect(await state(budget)).toMatchObject({ spent: 400n, leased: 0n })
  })

  test('one takes over for a replica that is dead or certainly gone, and it comes back only when that is done', async () => {
    const [who, budget] = [await replica(1000), terms()]
    const join = () => place.authority.join({ id: who, host: 'host', pid: 1, leaseMs: 1000 })
    await granted(who, budget, 300n)
    expect(await place.authority.claim(who, false)).toBe(false)
    expect(await place.authority.claim(who, true)).toBe(true)
    await expect(join()).rejects.toThrow()
    await expect(lease(who, budget, 1n)).rejects.toThrow()
    expect((await place.authority.pulse(who, 1000)).alive).toBe(false)
    await place.authority.leave(who)
    expect(await state(budget)).toMatchObject({ spent: 0n, leased: 0n })
    await join()
    await granted(who, budget, 300n)
    await place.pass(1001)
    expect(await place.authority.claim(who, false)).toBe(true)
    await place.authority.leave(who)
  })

  test('of replicas that have left a journal, those that nobody knows count as dead', async () => {
    const [living, over, gone] = [await replica(), await replica(1000), `replica-${++count}`]
    await place.pass(1001)
    const dead = await place.authority.dead([gone, living])
    expect(dead).toEqual(expect.arrayContaining([over, gone]))
    expect(dead).not.toContain(living)
    expect(await place.authority.dead()).not.toContain(gone)
  })

  test('changes reach every replica once', async () => {
    const [one, other] = [await replica(), await replica()]
    const change = { kind: 'key' as const, id: `key-${++count}` }
    await place.note(change)
    await place.pass(100)
    expect((await place.authority.pulse(one, DAY)).changes).toContainEqual(change)
    expect((await place.authority.pulse(one, DAY)).changes).toEqual([])
    expect((await place.authority.pulse(other, DAY)).changes).toContainEqual(change)
    expect((await place.authority.pulse(await replica(), DAY)).changes).toEqual([])
  })

  test('who was silent hears what was changed meanwhile, or, after very long, that anything may have been', async () => {
    const [one, change] = [await replica(), { kind: 'key' as const, id: `key-${++count}` }]
    await place.authority.pulse(one, 10_000)
    await place.note(change)
    await place.pass(9 * 60_000)
    const after = await place.authority.pulse(one, DAY)
    expect(after).toMatchObject({ alive: false, changes: [change] })
    expect((await place.authority.pulse(one, DAY)).changes).toEqual([])
    await place.note(change)
    for (let hour = 0; hour < 3; hour++) {
      await place.pass(HOUR)
      await place.note({ kind: 'team', id: `team-${++count}` })
      await place.authority.pulse(await replica(), DAY)
    }
    await place.pass(HOUR)
    expect((await place.authority.pulse(one, DAY)).changes).toEqual([EVERYTHING])
    expect((await place.authority.pulse(one, DAY)).changes).toEqual([])
  })

  test('whoever has idle money hears that somebody was refused it', async () => {
    const [one, other, budget] = [await replica(), await replica(), terms()]
    await granted(one, budget, 1000n)
    expect((await place.authority.pulse(one, DAY)).scarce).toEqual([])
    await lease(other, budget, 1n)
    expect((await place.authority.pulse(one, DAY)).scarce).toEqual([budget.id])
    expect((await place.authority.pulse(other, DAY)).scarce).toEqual([])
    await place.pass(2000)
    expect((await place.authority.pulse(one, DAY)).scarce).toEqual([])
  })

  test('new terms keep what was spent, and are told', async () => {
    const [who, budget] = [await replica(), terms({ period: 'total' })]
    const { windowStart } = (await granted(who, budget, 500n)).budget
    await charge(who, budget, 400n, windowStart)
    await place.authority.define([{ ...budget, limit: 450n, period: '1d' }])
    expect(await state(budget)).toMatchObject({ limit: 450n, spent: 400n, leased: 100n, windowStart })
    expect((await state(budget)).resetsAt).toBe(windowStart + DAY)
    expect(await lease(who, budget, 1n)).toMatchObject({ refused: { limit: 450n } })
    expect((await place.authority.pulse(who, DAY)).changes).toContainEqual({ kind: 'budget', id: budget.id })
    await place.authority.define([{ ...budget, limit: 450n, period: '1d' }])
    expect((await place.authority.pulse(who, DAY)).changes).toEqual([])
  })

  test('spending that is set by hand settles what was written off', async () => {
    const [who, other, budget] = [await replica(1000), await replica(), terms()]
    await granted(who, budget, 300n)
    await granted(other, budget, 100n)
    await place.pass(1001)
    await place.authority.writeOff(who)
    await place.setSpent(budget.id, 0n)
    expect(await state(budget)).toMatchObject({ spent: 0n, leased: 100n })
    await place.authority.join({ id: who, host: 'host', pid: 1, leaseMs: 1000 })
    expect(await state(budget)).toMatchObject({ spent: 0n, leased: 100n })
    for (const one of [who, other]) await place.authority.leave(one)
    expect(await state(budget)).toMatchObject({ spent: 0n, leased: 0n })
  })

  test('leaves out budgets that it does not know, and does nothing for nothing', async () => {
    const who = await replica()
    expect(await place.authority.budgets(['key|nobody'])).toEqual([])
    expect(await place.authority.budgets([])).toEqual([])
    expect(await place.authority.lease(who, [])).toEqual([])
    expect(await place.authority.post(who, { rows: [], returns: [] })).toEqual({ written: [], crossed: [] })
  })

  test('lends exactly as often as there is money, to whoever comes at once', async () => {
    const replicas = await Promise.all([replica(), replica(), replica(), replica()])
    const [shared, other] = [terms({ limit: 200n }), terms({ limit: undefined })]
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const who = replicas[index % replicas.length] ?? ''
        const asks = [shared, other].map(budget => ({ terms: budget, need: 10n, want: 10n }))
        if (index % 2 === 0) asks.reverse()
        return (await place.authority.lease(who, [asks]))[0]
      }),
    )
    expect(answers.filter(answer => answer && 'granted' in answer)).toHaveLength(20)
    expect(await state(shared)).toMatchObject({ spent: 0n, leased: 200n })
  })
})

function grantOf(answer: LeaseAnswer): Grant {
  if ('refused' in answer) throw new Error(`refused by ${answer.refused.id}`)
  const [grant] = answer.granted
  if (!grant) throw new Error('nothing was granted')
  return grant
}
