import type { Answer, End } from '../../core/answer.ts'
import type { Attempt } from '../../core/call.ts'
import type { Clock } from '../../core/clock.ts'
import type { NanoUsd } from '../../core/money.ts'
import type { ChargedBudget, PostedRow } from '../authority.ts'
import type { Journal, JournalEntry } from './journals.ts'
import type { LocalHold } from './local-hold.ts'
import type { Poster } from './poster.ts'
import type { Purse } from './purse.ts'
import { type Ended, recordOf } from './record-of.ts'

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
  /** What the attempt may cost at most. */
  readonly bound: NanoUsd
}

/** An attempt in the books: written down before it is dialled, charged when it has ended. */
export class Entry {
  readonly #attempt: Attempt
  readonly #payers: Payers
  readonly #parts: EntryParts
  readonly #line: JournalEntry | undefined

  /** @throws Failure when the journal cannot be written. */
  constructor(attempt: Attempt, payers: Payers, parts: EntryParts) {
    this.#attempt = attempt
    this.#payers = payers
    this.#parts = parts
    // Whoever reads this line has no other: the process died, and the worst is taken to have been spent.
    this.#line = parts.journal?.begin(this.#row(this.#text(payers.bound, 0n), payers.bound))
  }

  /** The attempt has ended and is priced. */
  end(end: End, answer: Answer | undefined): void {
    const { call, own, counted } = this.#payers
    const { attempt } = this.#attempt
    const charge = attempt.charge?.total ?? attempt.cost ?? this.#unpriced(end)
    const purses = this.#purses()
    const overrun = max(call?.charge(charge) ?? 0n, own?.charge(charge) ?? 0n)
    own?.release()
    const text = this.#text(charge, overrun, { end, answer, at: this.#parts.clock.monotonic() })
    if (this.#line) this.#parts.journal?.end(this.#line, this.#row(text, charge))
    this.#parts.poster.add({ id: attempt.id, text, charge, purses, counted, entry: this.#line })
    this.#parts.onEnd()
    if (overrun > 0n) this.#parts.onOverrun(this.#attempt, overrun)
  }

  /** Where nobody knows the price, the amount that it was held at is charged, unless it certainly cost nothing. */
  #unpriced({ failure }: End): NanoUsd {
    if (this.#attempt.deployment.price || failure?.verdict.charges === false) return 0n
    return this.#payers.bound
  }

  #text(charge: NanoUsd, overrun: NanoUsd, ended?: Ended): string {
    const { replica } = this.#parts
    const facts = { replica, charge, held: this.#payers.bound, overrun, ended }
    return JSON.stringify(recordOf(this.#attempt, facts))
  }

  #row(text: string, charge: NanoUsd): PostedRow {
    const bounded = this.#purses().map(({ budget, windowStart }) => ({ terms: budget, windowStart }))
    return { id: this.#attempt.attempt.id, text, charge, budgets: [...bounded, ...this.#payers.counted] }
  }

  #purses(): readonly Purse[] {
    const { call, own } = this.#payers
    if (!own) return call?.purses ?? []
    return call ? [...call.purses, ...own.purses] : own.purses
  }
}

function max(one: NanoUsd, other: NanoUsd): NanoUsd {
  return one > other ? one : other
}
