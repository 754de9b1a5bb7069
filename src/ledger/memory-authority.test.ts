import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ledgerRow } from '../../test/support/ledger-row.ts'
import type { BudgetTerms } from '../core/budget.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { MemoryAuthority } from './memory-authority.ts'

const LEASE_MS = 1000
const LIMITS = [1000n, 777n, 50_000n]

interface Step {
  readonly what: 'lease' | 'charge' | 'give back' | 'repeat' | 'sleep' | 'die' | 'leave'
  readonly replica: number
  readonly budget: number
  readonly amount: number
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom(
    'lease',
    'lease',
    'lease',
    'charge',
    'charge',
    'charge',
    'give back',
    'repeat',
    'sleep',
    'die',
    'leave',
  ),
  replica: fc.integer({ min: 0, max: 2 }),
  budget: fc.integer({ min: 0, max: LIMITS.length - 1 }),
  amount: fc.integer({ min: 0, max: 500 }),
})

/** Replicas that charge no more than they have under lease, may sleep for too long and come back, or be killed. */
class Replicas {
  readonly #clock = new FakeClock()
  readonly authority = new MemoryAuthority({ clock: this.#clock, keepRows: true })
  readonly terms: BudgetTerms[] = LIMITS.map((limit, index) => {
    return { id: `b${index}`, level: 'key', subject: `${index}`, period: 'total', limit }
  })
  readonly charged = LIMITS.map(() => 0n)
  readonly #held = new Map<string, bigint>()
  #last: Parameters<MemoryAuthority['post']> | undefined
  #count = 0

  async take({ what, replica, budget, amount }: Step): Promise<void> {
    const who = `r${replica}`
    const terms = this.terms[budget]
    if (!terms) return
    const key = `${who} ${terms.id}`
    const held = this.#held.get(key) ?? 0n
    const some = BigInt(amount) < held ? BigInt(amount) : held
    switch (what) {
      case 'lease': {
        const need = BigInt(amount)
        if (!(await this.#join(who))) return
        const [answer] = await this.authority.lease(who, [[{ terms, need, want: need * 3n }]])
        if (answer && 'granted' in answer) this.#held.set(key, held + (answer.granted[0]?.amount ?? 0n))
        return
      }
      case 'charge': {
        const windowStart = await this.#windowStart(terms)
        if (windowStart === undefined) return
        this.#held.set(key, held - some)
        this.charged[budget] = (this.charged[budget] ?? 0n) + some
        const row = ledgerRow(`row-${++this.#count}`, some, [{ terms, windowStart }])
        this.#last = [who, { rows: [row], returns: [], number: this.#count }]
        await this.authority.post(...this.#last)
        return
      }
      case 'give back': {
        const windowStart = await this.#windowStart(terms)
        if (windowStart === undefined) return
        this.#held.set(key, held - some)
        const returns = [{ budgetId: terms.id, windowStart, amount: some }]
        await this.authority.post(who, { rows: [], returns })
        return
      }
      case 'repeat':
        if (this.#last) await this.authority.post(...this.#last)
        return
      case 'sleep':
        this.#clock.advance(LEASE_MS + 1)
        await this.authority.writeOff(who)
        return
      case 'die':
        await this.authority.claim(who, true)
        await this.authority.writeOff(who)
        return
      case 'leave':
        await this.leave(who)
    }
  }

  async leave(who: string): Promise<void> {
    await this.authority.leave(who)
    for (const key of [...this.#held.keys()]) if (key.startsWith(`${who} `)) this.#held.delete(key)
  }

  /** Not while somebody has taken over for it. */
  #join(id: string): Promise<boolean> {
    return this.authority.join({ id, host: 'host', pid: 1, leaseMs: LEASE_MS }).then(
      () => true,
      () => false,
    )
  }

  async #windowStart({ id }: BudgetTerms): Promise<number | undefined> {
    return (await this.authority.budgets([id]))[0]?.windowStart
  }
}

describe('memory authority', () => {
  test('never has more out than the limit, whoever dies when; and in the end all charges are spent, to the nano-dollar', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), async steps => {
        const replicas = new Replicas()
        const { authority, terms } = replicas
        for (const next of steps) {
          await replicas.take(next)
          for (const { limit, spent, leased } of await authority.budgets(terms.map(({ id }) => id)))
            expect(spent >= 0n && leased >= 0n && spent + leased <= (limit ?? 0n)).toBe(true)
        }
        for (const who of ['r0', 'r1', 'r2']) await replicas.leave(who)
        for (const { id, spent, leased } of await authority.budgets(terms.map(({ id }) => id)))
          expect({ spent, leased }).toEqual({ spent: replicas.charged[Number(id.slice(1))], leased: 0n })
      }),
      { numRuns: 300 },
    )
  })

  test('keeps no rows where nobody asked for them, and still knows a batch that comes again', async () => {
    const authority = new MemoryAuthority()
    const terms: BudgetTerms = { id: 'b', level: 'key', subject: 's', period: 'total', limit: undefined }
    const rows = Array.from({ length: 50_000 }, (_, index) => ({
      id: `${index}`,
      text: '{}',
      charge: 1n,
      budgets: [{ terms, windowStart: undefined }],
    }))
    for (let at = 0; at < rows.length; at += 1000)
      await authority.post('r', { rows: rows.slice(at, at + 1000), returns: [] })
    expect((await authority.post('r', { rows: rows.slice(-1000), returns: [] })).written).toEqual([])
    expect(authority.rows()).toEqual([])
    expect(await authority.budgets(['b'])).toMatchObject([{ spent: 50_000n }])
  })
})
