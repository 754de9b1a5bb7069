import type { BudgetTerms } from '../../src/core/budget.ts'
import type { NanoUsd } from '../../src/core/money.ts'
import type { Authority } from '../../src/ledger/authority.ts'

type Limited = BudgetTerms & { readonly limit: NanoUsd }

/** What an attempt costs, and by how much that passes what it was held at. */
interface Bill {
  readonly cost: NanoUsd
  readonly excess: NanoUsd
}

/** Whether budgets keep their limits: by what the upstream has billed, and by what the authority says. */
export class KeptLimits {
  readonly #authority: Pick<Authority, 'budgets' | 'define'>
  /** The terms of each budget now, and the highest limit that it has had. */
  readonly #terms = new Map<string, Limited>()
  readonly #highest = new Map<string, NanoUsd>()
  /** What the upstream has billed in each window of each budget, and by how much more than was held. */
  readonly #billed = new Map<string, NanoUsd>()
  readonly #excess = new Map<string, NanoUsd>()
  /** What was spent and lent of each budget when it was looked at last. */
  readonly #given = new Map<string, { readonly windowStart: number; readonly sum: NanoUsd }>()

  constructor(authority: Pick<Authority, 'budgets' | 'define'>) {
    this.#authority = authority
  }

  get ids(): readonly string[] {
    return [...this.#terms.keys()]
  }

  note(terms: Limited): BudgetTerms {
    this.#terms.set(terms.id, terms)
    this.#highest.set(terms.id, max(this.#highest.get(terms.id) ?? 0n, terms.limit))
    return terms
  }

  /** @param windowStart undefined: the budget has but one window. */
  bill(id: string, windowStart: number | undefined, { cost, excess }: Bill): void {
    const window = `${id}@${windowStart ?? ''}`
    add(this.#billed, window, cost)
    add(this.#excess, window, excess)
  }

  /** Somebody gives a caller's budget another limit, which may be below what is spent. */
  async redefine(random: () => number): Promise<void> {
    const all = [...this.#terms.values()].filter(({ level }) => level !== 'provider')
    const terms = all[Math.floor(random() * all.length)]
    if (!terms) return
    const share = BigInt(50 + Math.floor(random() * 110))
    const limit = (terms.limit * share) / 100n + 1n
    // What was given under the limit as it was: both are asked at once, so that nothing comes between.
    const looked = this.#authority.budgets([terms.id])
    const defined = this.#authority.define([this.note({ ...terms, limit })])
    for (const { windowStart, spent, leased } of await looked)
      this.#given.set(terms.id, { windowStart, sum: spent + leased })
    await defined
  }

  /** The invariants. @throws Error with the first that does not hold. */
  async check(): Promise<void> {
    for (const [window, amount] of this.#billed) {
      const highest = this.#highest.get(window.slice(0, window.indexOf('@'))) ?? 0n
      const limit = highest + (this.#excess.get(window) ?? 0n)
      if (amount > limit) throw new Error(`overshoot: ${window} was billed ${amount} of ${limit}`)
    }
    for (const { id, spent, leased, windowStart } of await this.#authority.budgets(this.ids)) {
      const limit = this.#terms.get(id)?.limit ?? 0n
      const before = this.#given.get(id)
      const sum = spent + leased
      // What was given before the limit was lowered stays given, and becomes no more.
      const given = before?.windowStart === windowStart ? max(limit, before.sum) : limit
      const most = given + (this.#excess.get(`${id}@${windowStart}`) ?? 0n) + (this.#excess.get(`${id}@`) ?? 0n)
      if (sum > most) throw new Error(`the authority lent too much: ${id} ${spent} + ${leased} > ${most}`)
      this.#given.set(id, { windowStart, sum })
    }
  }
}

function add(sums: Map<string, NanoUsd>, name: string, amount: NanoUsd): void {
  sums.set(name, (sums.get(name) ?? 0n) + amount)
}

function max(one: NanoUsd, other: NanoUsd): NanoUsd {
  return one > other ? one : other
}
