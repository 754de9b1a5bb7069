import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type AuthorityUnderTest,
  memoryAuthority,
  postgresAuthority,
  sqliteAuthority,
} from '../../test/support/authorities.ts'
import { ledgerRow } from '../../test/support/ledger-row.ts'
import { hasPostgres } from '../../test/support/postgres.ts'
import type { BudgetState, BudgetTerms } from '../core/budget.ts'
import type { LeaseAsk } from '../ledger/authority.ts'

/** What may happen, by numbers that are folded into what there is. */
type Step =
  | { readonly do: 'lease'; readonly who: number; readonly groups: readonly (readonly Asked[])[] }
  | {
      readonly do: 'post'
      readonly who: number
      readonly charges: readonly Charged[]
      readonly back: readonly Charged[]
    }
  | {
      readonly do: 'repeat' | 'claim' | 'writeOff' | 'leave' | 'leaveClaimed' | 'join' | 'pulse'
      readonly who: number
    }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'define'; readonly budget: number; readonly limit: number | undefined; readonly period: string }
  | { readonly do: 'setSpent'; readonly budget: number; readonly amount: number }

interface Asked {
  readonly budget: number
  readonly need: number
  readonly more: number
}

interface Charged {
  readonly budget: number
  readonly amount: number
  /** Of which window it says it was: the one seen last, the one before, or none. */
  readonly window: 'present' | 'earlier' | 'none'
  /** Whether the lease that it was held under is said to be gone. */
  readonly isForgotten: boolean
}

const LEASE_MS = 3_600_000

const who = fc.integer({ min: 0, max: 2 })
const budget = fc.integer({ min: 0, max: 3 })
const amount = fc.integer({ min: 0, max: 400 })
const asked = fc.record({ budget, need: amount, more: amount })
const charged = fc.record({
  budget,
  amount: fc.integer({ min: -20, max: 300 }),
  window: fc.constantFrom<Charged['window'][]>('present', 'present', 'present', 'earlier', 'none'),
  isForgotten: fc.constantFrom(false, false, true),
})
const period = fc.constantFrom('total', '1h', 'day', '90m', 'month')
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('lease' as const),
      who,
      groups: fc.array(fc.array(asked, { minLength: 1, maxLength: 3 }), { maxLength: 3 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('post' as const),
      who,
      charges: fc.array(charged, { maxLength: 4 }),
      back: fc.array(charged, { maxLength: 2 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('repeat', 'claim', 'writeOff', 'leave', 'leaveClaimed', 'join', 'join', 'join', 'pulse'),
      who,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 5_400_000 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('define' as const),
      budget,
      limit: fc.option(fc.integer({ min: 0, max: 2000 }), { nil: undefined }),
      period,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('setSpent' as const), budget, amount }) },
)

/** One sequence of steps at one place, under names that no other sequence has. */
class Walk {
  readonly #place: AuthorityUnderTest
  readonly #name: string
  readonly #windows = new Map<string, number[]>()
  #rows = 0
  #batches = 0
  #last: Parameters<AuthorityUnderTest['authority']['post']> | undefined

  constructor(place: AuthorityUnderTest, name: string) {
    this.#place = place
    this.#name = name
  }

  terms(index: number): BudgetTerms {
    const own = [
      { limit: 1000n, period: 'total' },
      { limit: 600n, softLimit: 300n, period: '1h' },
      { limit: 300n, period: 'day', pool: 'gpt-4o' },
      { limit: undefined, softLimit: 500n, period: '90m', name: 'counted' },
    ][index]
    return { id: `${this.#name}-${index}`, level: 'key', subject: `${index}`, period: 'total', limit: 0n, ...own }
  }

  async take(next: Step): Promise<unknown> {
    const { authority } = this.#place
    const replica = 'who' in next ? `${this.#name}-r${next.who}` : ''
    switch (next.do) {
      case 'lease':
        return authority.lease(
          replica,
          next.groups.map(group => group.map(ask => this.#ask(ask))),
        )
      case 'post':
        return this.#post(replica, next)
      case 'repeat':
        return this.#last && authority.post(...this.#last)
      case 'join':
        return authority.join({ id: replica, host: 'host', pid: 1, leaseMs: LEASE_MS })
      case 'claim':
        return authority.claim(replica, this.#rows % 2 === 0)
      case 'leaveClaimed':
        return authority.leave(replica, true)
      case 'pulse': {
        // Changes are told at least once: memory tells them once.
        const { alive, scarce } = await authority.pulse(replica, LEASE_MS)
        return { alive, scarce }
      }
      case 'pass':
        return this.#place.pass(next.ms)
      case 'define': {
        const limit = next.limit === undefined ? undefined : BigInt(next.limit)
        return authority.define([{ ...this.terms(next.budget), limit, period: next.period }])
      }
      case 'setSpent':
        return this.#place.setSpent(this.terms(next.budget).id, BigInt(next.amount))
      default:
        return authority[next.do](replica)
    }
  }

  async states(): Promise<readonly BudgetState[]> {
    const states = await this.#place.authority.budgets([0, 1, 2, 3].map(index => this.terms(index).id))
    for (const { id, windowStart } of states) {
      const seen = this.#windows.get(id) ?? []
      if (seen.at(-1) !== windowStart) this.#windows.set(id, [...seen, windowStart])
    }
    return states
  }

  async dead(): Promise<readonly string[]> {
    return (await this.#place.authority.dead()).filter(id => id.startsWith(`${this.#name}-`))
  }

  #ask({ budget: index, need, more }: Asked): LeaseAsk {
    return { terms: this.terms(index), need: BigInt(need), want: BigInt(need + more) }
  }

  #post(replica: string, { charges, back }: Extract<Step, { do: 'post' }>) {
    const rows = charges.map(charge => {
      const terms = this.terms(charge.budget)
      const { isForgotten } = charge
      const budgets = [
        { terms, windowStart: this.#window(terms.id, charge.window), ...(isForgotten && { isForgotten }) },
      ]
      return ledgerRow(`${this.#name}-row-${++this.#rows}`, BigInt(charge.amount), budgets)
    })
    const returns = back.flatMap(({ budget: index, amount: given, window }) => {
      const budgetId = this.terms(index).id
      const windowStart = this.#window(budgetId, window)
      return windowStart === undefined ? [] : [{ budgetId, windowStart, amount: BigInt(given) }]
    })
    this.#last = [replica, { rows, returns, number: ++this.#batches }]
    return this.#place.authority.post(...this.#last)
  }

  #window(id: string, which: Charged['window']): number | undefined {
    const seen = this.#windows.get(id)
    return which === 'none' ? undefined : seen?.at(which === 'present' ? -1 : -2)
  }
}

describe('authorities', () => {
  const places: AuthorityUnderTest[] = []
  let runs = 0
  beforeAll(async () => {
    places.push(await memoryAuthority(), await sqliteAuthority())
    if (hasPostgres()) places.push(await postgresAuthority())
  })
  afterAll(async () => {
    for (const place of places) await place.close()
  })

  test('decide alike, whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async steps => {
        const name = `walk-${++runs}`
        const walks = places.map(place => new Walk(place, name))
        const joins = [0, 1, 2].map(who => ({ do: 'join' as const, who }))
        for (const next of [...joins, ...steps]) {
          const answers = await Promise.all(walks.map(walk => walk.take(next).catch(() => 'rejected')))
          const seen = await Promise.all(
            walks.map(async (walk, index) => ({
              answer: comparable(answers[index]),
              states: await walk.states(),
              dead: await walk.dead(),
            })),
          )
          for (const other of seen.slice(1)) expect(other).toEqual(seen[0])
        }
      }),
      { numRuns: 60 },
    )
  })
})

/** Rows are written in no promised order. */
function comparable(answer: unknown): unknown {
  if (typeof answer !== 'object' || answer === null || !('written' in answer)) return answer
  return { ...answer, written: [...(answer.written as string[])].sort() }
}
