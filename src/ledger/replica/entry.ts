import type { Answer, End } from '../../core/answer.ts'
import type { Attempt } from '../../core/call.ts'
import type { Clock } from '../../core/clock.ts'
import type { NanoUsd } from '../../core/money.ts'
import type { Bearers } from './bearers.ts'
import type { Journal, JournalEntry } from './journals.ts'
import type { LocalHold } from './local-hold.ts'
import type { Poster } from './poster.ts'
import type { Purses } from './purses.ts'
import { begunMembers, endedMembers, sharedMembers } from './record-of.ts'

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
  /** Who counts it without bounding it. */
  readonly counting: Pick<Bearers, 'counted' | 'countedText'>
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
  readonly #shared: readonly string[]
  readonly #line: JournalEntry | undefined

  /** @throws Failure when the journal cannot be written. */
  constructor(attempt: Attempt, payers: Payers, parts: EntryParts) {
    const { bound } = payers
    this.#attempt = attempt
    this.#payers = payers
    this.#parts = parts
    this.#begun = flat(begunMembers(attempt, { replica: parts.replica, held: bound }))
    this.#shared = sharedMembers(attempt)
    this.#line = parts.journal?.begin({
      id: attempt.attempt.id,
      charge: bound,
      bearers: this.#bearers(),
      shared: this.#shared,
      text: `{${this.#begun}}`,
    })
  }

  /** The attempt has ended and is priced. */
  end(end: End, answer: Answer | undefined): void {
    const { call, own, counting } = this.#payers
    const { attempt } = this.#attempt
    const { journal, poster, clock, onEnd, onOverrun } = this.#parts
    const charge = attempt.charge?.total ?? attempt.cost ?? this.#unpriced(end)
    const purses = this.#purses()
    const overrun = max(call?.charge(charge) ?? 0n, own?.charge(charge) ?? 0n)
    own?.release()
    const members = endedMembers(this.#attempt, { end, answer, at: clock.monotonic(), charge, overrun })
    if (this.#line) journal?.end(this.#line, { charge, bearers: this.#bearers(), text: `{${members}}` })
    poster.add({
      id: attempt.id,
      text: flat(`{${this.#begun},${members}}`),
      shared: this.#shared,
      charge,
      purses,
      counted: counting.counted,
      entry: this.#line,
    })
    onEnd()
    if (overrun > 0n) onOverrun(this.#attempt, overrun)
  }

  /** Where nobody knows the price, the amount that it was held at is charged, unless it certainly cost nothing. */
  #unpriced({ failure }: End): NanoUsd {
    if (this.#attempt.deployment.price || failure?.verdict.charges === false) return 0n
    return this.#payers.bound
  }

  /** In the lines of the journal: a call's hold may have moved to another window meanwhile. */
  #bearers(): readonly string[] {
    const { countedText } = this.#payers.counting
    const bearers: string[] = []
    for (const { text } of this.#purses()) bearers.push(text)
    if (countedText !== '') bearers.push(countedText)
    return bearers
  }

  #purses(): readonly Purses[] {
    const { call, own } = this.#payers
    if (!own) return call ? [call.purses] : NO_PURSES
    return call ? [call.purses, own.purses] : [own.purses]
  }
}

const NO_PURSES: readonly Purses[] = []

/**
 * The same text in one piece. What is added up of pieces stays a tree of them until somebody reads it, and rows wait for the
 * store long enough for the collector to walk through those trees.
 */
function flat(text: string): string {
  Number(text)
  return text
}

function max(one: NanoUsd, other: NanoUsd): NanoUsd {
  return one > other ? one : other
}
