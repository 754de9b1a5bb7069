import { type BudgetTerms, budgetId } from '../../src/core/budget.ts'
import type { Failure } from '../../src/core/failure.ts'
import type { NanoUsd } from '../../src/core/money.ts'
import type { Authority, GivenBack } from '../../src/ledger/authority.ts'
import { MemoryAuthority } from '../../src/ledger/memory-authority.ts'
import { Book } from '../../src/ledger/replica/book.ts'
import { Contact } from '../../src/ledger/replica/contact.ts'
import { Gate } from '../../src/ledger/replica/gate.ts'
import type { LocalHold } from '../../src/ledger/replica/local-hold.ts'
import { FakeClock } from '../../src/testing/fake-clock.ts'

export const AN_HOUR = 3_600_000

/** A budget of a key. */
export function budgetOf(subject: string, limit: NanoUsd | undefined, draft: Partial<BudgetTerms> = {}): BudgetTerms {
  const { level = 'key' } = draft
  return { id: budgetId({ level, subject }), level, subject, period: 'total', limit, ...draft }
}

export interface Till {
  readonly clock: FakeClock
  readonly authority: MemoryAuthority
  readonly contact: Contact
  readonly book: Book
  /** What it wanted to be given back soon. */
  readonly hurried: GivenBack[]
  /** How often it did not know whether money was lent. */
  doubts: number
  /** Holds, and waits for it. */
  hold(terms: readonly BudgetTerms[], amount: NanoUsd): Promise<LocalHold>
  /** Takes charges and money to the authority, as the poster does. */
  post(
    returns: readonly GivenBack[],
    charges?: readonly { readonly hold: LocalHold; readonly charge: NanoUsd }[],
  ): Promise<void>
  stateOf(terms: BudgetTerms): Promise<{ readonly spent: NanoUsd; readonly leased: NanoUsd } | undefined>
}

/** A replica's book before an authority in memory; `lease` may stand in the way of what is asked. */
export async function openTill(
  name = 'r1',
  {
    clock = new FakeClock(),
    authority = new MemoryAuthority({ clock, keepRows: true }),
    lease,
  }: { readonly clock?: FakeClock; readonly authority?: MemoryAuthority; readonly lease?: Authority['lease'] } = {},
): Promise<Till> {
  await authority.join({ id: name, host: 'h', pid: 1, leaseMs: 100 * AN_HOUR })
  const contact = new Contact()
  contact.heard(clock.monotonic())
  let rows = 0
  const hurried: GivenBack[] = []
  const book: Book = new Book({
    authority: { lease: lease ?? ((replica, groups) => authority.lease(replica, groups)) },
    replica: name,
    contact,
    gate: new Gate(),
    clock,
    hurry: () => void hurried.push(...book.takeIdle()),
    onCrossing: () => {},
    onDoubt: () => void till.doubts++,
  })
  const till: Till = {
    clock,
    authority,
    contact,
    book,
    hurried,
    doubts: 0,
    hold: async (terms, amount) => book.hold(terms, amount),
    async post(returns, charges = []) {
      const posted = charges.map(({ hold, charge }) => ({
        id: `${name}-${++rows}`,
        text: '{}',
        charge,
        budgets: hold.purses.budgets,
      }))
      await authority.post(name, { rows: posted, returns })
      for (const { hold, charge } of charges) hold.purses.posted(charge, 1)
    },
    async stateOf({ id }) {
      const [state] = await authority.budgets([id])
      return state && { spent: state.spent, leased: state.leased }
    },
  }
  return till
}

/** What is taken of each purse of the hold, by whomever. */
export function takenOf(purses: LocalHold['purses']): readonly NanoUsd[] {
  return purses.all.map(({ leased, free }) => leased - free)
}

/** What it was refused with. */
export async function refusalOf(work: Promise<unknown>): Promise<Failure> {
  return work.then(
    () => {
      throw new Error('it was let through')
    },
    (failure: Failure) => failure,
  )
}
