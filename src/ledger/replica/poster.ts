import type { Clock, Ms, Timer } from '../../core/clock.ts'
import type { NanoUsd } from '../../core/money.ts'
import type { Authority, ChargedBudget, Crossing, GivenBack, PostedRow } from '../authority.ts'
import type { Contact } from './contact.ts'
import type { Gate } from './gate.ts'
import type { Journal, JournalEntry } from './journals.ts'
import type { Purses } from './purses.ts'
import { halves, isRefusal } from './refused-rows.ts'

/**
 * Rows wait so long for others to be posted with, also while a batch is under way: posted as fast as the store takes them, they
 * come thirty at a time, and processes that share a file hold its lock for four fifths of the time. Where calls are few a batch
 * wakes two threads for a handful of rows: 50 calls a second take a tenth less CPU than with 100 ms.
 */
const GATHER_MS: Ms = 250
/**
 * So many do not wait for more: where SQLite's thread shares the core of the calls, those wait while it writes. At 1,000 calls a second their p99
 * was 15 ms with what comes in `GATHER_MS`, and 11 with these (rounds from 8 to 270, and from 5 to 49), for the same CPU.
 */
const PROMPT_ROWS = 128
/** So many are posted at once. */
const BATCH_ROWS = 1_000
const FIRST_RETRY_MS: Ms = 100
const LAST_RETRY_MS: Ms = 2_000
/** How long a row waits that the store has refused while it takes others. */
const REFUSED_MS: Ms = 60_000
/** A store that refuses more takes none. */
const MOST_REFUSED = 100

/** A row on its way to the store. */
export interface Posting {
  readonly id: string
  readonly text: string
  /** The members that it has in common with others (`PostedRow.shared`). */
  readonly shared: readonly string[]
  readonly charge: NanoUsd
  /** Whose money it is: bounded budgets. */
  readonly purses: readonly Purses[]
  /** Budgets without a limit, which count it. */
  readonly counted: readonly ChargedBudget[]
  readonly entry: JournalEntry | undefined
}

export interface PosterParts {
  readonly authority: Pick<Authority, 'post'>
  readonly replica: string
  readonly journal: Journal | undefined
  readonly contact: Contact
  readonly gate: Gate
  readonly clock: Clock
  /** How much may wait. */
  readonly backlog: { readonly rows: number; readonly bytes: number }
  readonly onCrossing: (crossing: Crossing) => void
  /** Told when the store stops taking rows, and, without an error, when it takes them again. */
  readonly onTrouble: (error: unknown) => void
  /** Told of a row that the store does not take, though it takes others. */
  readonly onRefused: (id: string, error: unknown) => void
}

/** Takes ledger rows to the store, in batches off the path of calls. A batch is tried until the store has it. */
export class Poster {
  readonly #parts: PosterParts
  #rows: Posting[] = []
  #returns: GivenBack[] = []
  /** Those that the store has refused. They are tried again, in case it was not for what they say, and told of once. */
  readonly #refused = new Set<Posting>()
  readonly #told = new WeakSet<Posting>()
  #bytes = 0
  #underWay = 0
  #number = 0
  /** Rows that were added so far, those that are in the store, and those that do not wait for more. */
  #added = 0
  #posted = 0
  #due = 0
  #timer: Timer | undefined
  #running: Promise<void> | undefined
  #failing = false
  #closed = false

  constructor(parts: PosterParts) {
    this.#parts = parts
  }

  /** As much waits as may. */
  get isFull(): boolean {
    const { rows, bytes } = this.#parts.backlog
    return this.#waiting >= rows || this.#bytes >= bytes
  }

  add(posting: Posting): void {
    this.#bytes += posting.text.length
    this.#add(posting)
  }

  #add(posting: Posting): void {
    this.#rows.push(posting)
    this.#added++
    if (this.#rows.length >= PROMPT_ROWS) this.#postWhatWaits()
    else this.#gather()
  }

  /** Takes money that was taken out of purses back to the authority, soon. */
  giveBack(returns: readonly GivenBack[]): void {
    if (returns.length === 0) return
    for (const one of returns) this.#returns.push(one)
    this.#run()
  }

  /** Forgets what waits to be given back, because it is reckoned anew. */
  forgetReturns(): void {
    this.#returns = []
  }

  /** Settles when all that waits now is in the store; rejects never, and may take as long as the store is away. */
  async flush(): Promise<void> {
    const upTo = this.#added
    this.#postWhatWaits()
    do await this.#running
    while (this.#posted < upTo && !this.#closed)
  }

  /** Tries no more. Gives back whether everything is in the store. */
  close(): boolean {
    this.#closed = true
    this.#timer?.cancel()
    return this.#waiting === 0
  }

  #gather(): void {
    this.#timer ??= this.#parts.clock.after(GATHER_MS, () => this.#postWhatWaits())
  }

  #postWhatWaits(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#due = this.#added
    this.#run()
  }

  #run(): void {
    this.#running ??= this.#postAll().finally(() => {
      this.#running = undefined
      if (this.#isDue) this.#run()
    })
  }

  get #waiting(): number {
    return this.#rows.length + this.#underWay + this.#refused.size
  }

  get #isDue(): boolean {
    return (this.#posted < this.#due || this.#returns.length > 0) && !this.#closed
  }

  async #postAll(): Promise<void> {
    while (this.#isDue) await this.#parts.gate.share(() => this.#postNext())
  }

  /** Nothing is taken out of the queues while somebody compares what is lent. */
  async #postNext(): Promise<void> {
    const rows = this.#rows.splice(0, BATCH_ROWS)
    const returns = this.#returns
    this.#returns = []
    if (rows.length + returns.length === 0) return
    this.#underWay = rows.length
    await this.#post(rows, returns)
    this.#underWay = 0
    this.#posted += rows.length
  }

  async #post(rows: readonly Posting[], returns: readonly GivenBack[]): Promise<void> {
    const { authority, replica, clock, onCrossing } = this.#parts
    const batch = { number: ++this.#number, rows: postedRows(rows), returns }
    for (let wait = FIRST_RETRY_MS; !this.#closed; wait = Math.min(wait * 2, LAST_RETRY_MS)) {
      try {
        const { crossed } = await authority.post(replica, batch)
        this.#took(rows)
        for (const crossing of crossed) onCrossing(crossing)
        return
      } catch (error) {
        if (rows.length > 0 && isRefusal(error) && this.#refused.size < MOST_REFUSED)
          return this.#separate(rows, returns, error)
        this.#failed(error)
        await new Promise<void>(resolve => void clock.after(wait, resolve))
      }
    }
  }

  /** One row that the store does not take keeps no others out of it: what is refused together is posted by halves. */
  async #separate(rows: readonly Posting[], returns: readonly GivenBack[], error: unknown): Promise<void> {
    const [row] = rows
    if (returns.length > 0) await this.#post([], returns)
    else if (row && rows.length === 1) return this.#setAside(row, error)
    for (const half of halves(rows)) await this.#post(half, [])
  }

  #setAside(row: Posting, error: unknown): void {
    if (!this.#told.has(row)) this.#parts.onRefused(row.id, error)
    this.#told.add(row)
    this.#refused.add(row)
    this.#parts.clock.after(REFUSED_MS, () => this.#tryAgain(row)).unref?.()
  }

  #tryAgain(row: Posting): void {
    if (this.#closed) return
    this.#refused.delete(row)
    this.#add(row)
  }

  #took(rows: readonly Posting[]): void {
    for (const { entry, text } of rows) {
      if (entry) this.#parts.journal?.posted(entry)
      this.#bytes -= text.length
    }
    for (const [purses, { amount, charges }] of sumsOf(rows)) purses.posted(amount, charges)
    if (this.#failing) this.#parts.onTrouble(undefined)
    this.#failing = false
  }

  #failed(error: unknown): void {
    this.#parts.contact.failed(this.#parts.clock.monotonic(), error)
    if (!this.#failing) this.#parts.onTrouble(error)
    this.#failing = true
  }
}

/** Charges by the purses that bear them. */
function sumsOf(rows: readonly Posting[]): Map<Purses, { amount: NanoUsd; charges: number }> {
  const sums = new Map<Purses, { amount: NanoUsd; charges: number }>()
  for (const { purses, charge } of rows) {
    for (const one of purses) {
      const sum = sums.get(one)
      if (sum) {
        sum.amount += charge
        sum.charges++
      } else sums.set(one, { amount: charge, charges: 1 })
    }
  }
  return sums
}

/** Rows with the same bearers have the same list of budgets, so that the authority adds up their charges first. */
function postedRows(rows: readonly Posting[]): PostedRow[] {
  const known = new Map<Purses, { readonly counted: Posting['counted']; readonly budgets: readonly ChargedBudget[] }>()
  const budgetsOf = ({ purses, counted }: Posting): readonly ChargedBudget[] => {
    const [first, ...others] = purses
    if (!first) return counted
    const last = known.get(first)
    if (last?.counted === counted && others.length === 0) return last.budgets
    const budgets = [...purses.flatMap(one => one.budgets), ...counted]
    if (others.length === 0) known.set(first, { counted, budgets })
    return budgets
  }
  return rows.map(row => ({
    id: row.id,
    text: row.text,
    shared: row.shared,
    charge: row.charge,
    budgets: budgetsOf(row),
  }))
}
