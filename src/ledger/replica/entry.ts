import type { Answer, End } from '../../core/answer.ts'
import type { Attempt } from '../../core/call.ts'
import type { Clock } from '../../core/clock.ts'
import type { NanoUsd } from '../../core/money.ts'
import type { ChargedBudget } from '../authority.ts'
import { beginLine, endLine } from './journal-line.ts'
import type { Journal, JournalEntry } from './journals.ts'
import type { LocalHold } from './local-hold.ts'
import type { Poster } from './poster.ts'
import type { Purse } from './purse.ts'
import { begunMembers, endedMembers, unsettledMembers } from './record-of.ts'

export interface EntryParts {
  readonly replica: string
  readonly journal: Journal | undefined
  readonly poster: Pick<Poster, 'add'>
  readonly clock: Clock
  readonly onEnd: () => void
  readonly onOverrun: (attempt: Attempt, overrun: NanoUsd) => void
}

/** Whose money an attempt spends. */
export interface Payers {
  /** On the caller's budgets, for the whole call. */
  readonly call: LocalHold | undefined
  /** On the deployment's and its provider's, for this attempt. */
  readonly own: LocalHold | undefined
  readonly counted: readonly ChargedBudget[]
  /** Those that count it, in the lines of the journal. */
  readonly countedText: string
  /** What the attempt may cost at most. */
  readonly bound: NanoUsd
}

/** An attempt in the books: written down before it is dialled, charged when it has ended. */
export class Entry {
  readonly #attempt: Attempt
  readonly #payers: Payers
  readonly #parts: EntryParts
  /** The members of the row that were known before the dial. */
  readonly #begun: string
  readonly #line: JournalEntry | undefined

  /** @throws Failure when the journal cannot be written. */
  constructor(attempt: Attempt, payers: Payers, parts: EntryParts) {
    this.#attempt = attempt
    this.#payers = payers
    this.#parts = parts
    this.#begun = begunMembers(attempt, { replica: parts.replica, held: payers.bound })
    // Whoever reads this line has no other: the process died, and the worst is taken to have been spent.
    this.#line = parts.journal?.begin(
      beginLine(this.#about(payers.bound), `{${this.#begun},${unsettledMembers(attempt, payers.bound)}}`),
    )
  }

  /** The attempt has ended and is priced. */
  end(end: End, answer: Answer | undefined): void {
    const { call, own, counted } = this.#payers
    const { attempt } = this.#attempt
    const { journal, poster, clock, onEnd, onOverrun } = this.#parts
    const charge = attempt.charge?.total ?? attempt.cost ?? this.#unpriced(end)
    const purses = this.#purses()
    const overrun = max(call?.charge(charge) ?? 0n, own?.charge(charge) ?? 0n)
    own?.release()
    const members = endedMembers(this.#attempt, { end, answer, at: clock.monotonic(), charge, overrun })
    if (this.#line) journal?.end(this.#line, endLine(this.#about(charge), members))
    poster.add({ id: attempt.id, text: `{${this.#begun},${members}}`, charge, purses, counted, entry: this.#line })
    onEnd()
    if (overrun > 0n) onOverrun(this.#attempt, overrun)
  }

  /** Where nobody knows the price, the amount that it was held at is charged, unless it certainly cost nothing. */
  #unpriced({ failure }: End): NanoUsd {
    if (this.#attempt.deployment.price || failure?.verdict.charges === false) return 0n
    return this.#payers.bound
  }

  #about(charge: NanoUsd) {
    let budgets = this.#payers.countedText
    for (const { text } of this.#purses()) budgets = budgets === '' ? text : `${text},${budgets}`
    return { id: this.#attempt.attempt.id, charge, budgets }
  }

  #purses(): readonly Purse[] {
    const { call, own } = this.#payers
    if (!own) return call?.purses ?? NO_PURSES
    return call ? [...call.purses, ...own.purses] : own.purses
  }
}

const NO_PURSES: readonly Purse[] = []

function max(one: NanoUsd, other: NanoUsd): NanoUsd {
  return one > other ? one : other
}
