import { hostname } from 'node:os'
import type { Attempt, Call } from '../../core/call.ts'
import type { Clock, Ms } from '../../core/clock.ts'
import { Failure } from '../../core/failure.ts'
import { ulids } from '../../core/id.ts'
import { messageOf } from '../../core/message-of.ts'
import { formatUsd, type NanoUsd } from '../../core/money.ts'
import type { MoneySettings } from '../../core/money-settings.ts'
import type { Authority, Change, Crossing, Replica } from '../authority.ts'
import { type Bearers, BearersOf, split } from './bearers.ts'
import { Book } from './book.ts'
import { Contact } from './contact.ts'
import { Entry, type EntryParts, type Payers } from './entry.ts'
import { Exceeded } from './exceeded.ts'
import { Gate } from './gate.ts'
import { Heartbeat } from './heartbeat.ts'
import type { Journal, Journals } from './journals.ts'
import { LocalHold } from './local-hold.ts'
import { Poster } from './poster.ts'
import { backlogFailure, closedFailure } from './refusals.ts'

/** How long a replica that stops tries to bring its rows to the store; what is left stays in the journal. */
const CLOSE_MS: Ms = 5_000
/** Some pulses may fail before the authority counts as away. */
const CONNECTED_MS: Ms = 2_000

export interface LedgerParts {
  readonly authority: Authority
  readonly settings: MoneySettings
  readonly clock: Clock
  /** Undefined: nothing is written beside the store, which is this process's memory. */
  readonly journals?: Journals | undefined
  /** Told of budgets whose soft limit, or limit, was passed: once per window, at one replica. */
  readonly onCrossing?: (crossing: Crossing) => void
  /** Told what goes wrong beside the calls. */
  readonly warn: (message: string) => void
  /** What this replica is called among all that share the authority. Default: a new ULID. */
  readonly id?: string
}

/**
 * This replica's books: sets money aside before anything is dialled, charges every attempt once at its true end, and takes
 * the rows to the store.
 */
export class Ledger {
  readonly replica: Replica
  readonly #parts: LedgerParts
  readonly #bearers: BearersOf
  readonly #book: Book
  readonly #poster: Poster
  readonly #journal: Journal | undefined
  readonly #heartbeat: Heartbeat
  readonly #contact: Contact
  readonly #entries: EntryParts
  readonly #exceeded: Exceeded
  /** Attempts that have begun and not ended. */
  #underWay = 0
  #closed = false
  #join: () => void = ignore
  readonly #joined = new Promise<void>(resolve => {
    this.#join = resolve
  })
  readonly #listeners = new Set<(change: Change) => void>()

  /** Opens the journal. Nothing is held before `start` has joined the authority. */
  constructor(parts: LedgerParts) {
    const { authority, settings, clock, warn, onCrossing = ignore, journals } = parts
    const { id = ulids(() => clock.now())() } = parts
    this.#parts = parts
    this.replica = { id, host: hostname(), pid: process.pid, leaseMs: settings.leaseMs }
    const contact = settings.whenAway === 'spend-leases' ? new Contact(settings.leaseMs * SAFE_SHARE) : new Contact()
    this.#contact = contact
    const gate = new Gate()
    const common = { authority, replica: this.replica.id, contact, gate, clock }
    this.#journal = journals?.open(this.replica)
    const { backlog } = settings
    this.#poster = new Poster({
      ...common,
      journal: this.#journal,
      backlog,
      onCrossing,
      onTrouble: tell(warn),
      onRefused: (id, error) =>
        warn(`the store does not take the row of attempt ${id}, which stays in the journal: ${messageOf(error)}`),
    })
    this.#book = new Book({
      ...common,
      // Calls that come while it still joins wait for that.
      authority: { lease: (replica, groups) => this.#joined.then(() => authority.lease(replica, groups)) },
      onCrossing,
      hurry: () => this.#poster.giveBack(this.#book.takeIdle()),
      onDoubt: () => this.#heartbeat.noteDoubt(),
    })
    this.#bearers = new BearersOf(settings.budgets)
    this.#exceeded = new Exceeded(authority, clock)
    this.#heartbeat = new Heartbeat({
      ...common,
      replica: this.replica,
      book: this.#book,
      poster: this.#poster,
      journal: this.#journal,
      journals,
      onChange: change => {
        if (change.kind === 'budget') this.#exceeded.look([change.id]).catch(ignore)
        for (const listener of this.#listeners) listener(change)
      },
      onRecovered: (id, rows) => warn(`took over the journal of ${id}, which did not stop properly: ${rows} rows`),
      onWrittenOff: (id, amounts) => {
        for (const { budget, amount } of amounts)
          warn(`${id} is gone with $${formatUsd(amount)} of budget ${budget.id} under lease: it counts as spent`)
      },
    })
    this.#entries = {
      replica: this.replica.id,
      journal: this.#journal,
      poster: this.#poster,
      clock,
      onEnd: () => this.#underWay--,
      onOverrun: ({ attempt }, overrun) =>
        warn(
          `attempt ${attempt.id} cost $${formatUsd(overrun)} more than was held for it: is its price known rightly?`,
        ),
    }
  }

  /** Joins the authority and sets the budgets of the configuration. Rejects when it cannot be reached. */
  async start(): Promise<void> {
    await this.#parts.authority.define(this.#parts.settings.budgets)
    await this.#heartbeat.start()
    this.#join()
    await this.#exceeded.look(this.#parts.settings.budgets.map(({ id }) => id))
  }

  /** Whether the authority has answered lately. */
  get isConnected(): boolean {
    return this.#contact.isWithin(CONNECTED_MS, this.#parts.clock.monotonic())
  }

  /** Calls `listener` for every change of keys, teams, budgets, ... by whomever. */
  onChange(listener: (change: Change) => void): void {
    this.#listeners.add(listener)
  }

  /** Whether anything bounds what the call may spend. */
  isBounded(call: Call): boolean {
    return this.#bearers.call(call).bounded.length > 0
  }

  /** Whether anything bounds what the attempt may spend. */
  boundsAttempt(attempt: Attempt): boolean {
    return attempt.hold !== undefined || this.#bearers.attempt(attempt).bounded.length > 0
  }

  /** Whether a budget that the call is charged to has passed its soft limit or its limit, as far as this replica knows. */
  isExceeded(call: Call): boolean {
    if (this.#exceeded.isEmpty) return false
    const { bounded, counted } = this.#bearers.call(call)
    return bounded.some(({ id }) => this.#exceeded.has(id)) || counted.some(({ terms }) => this.#exceeded.has(terms.id))
  }

  /** Sets money aside for a call on all of its caller's budgets. Rejects with a Failure. Undefined: nothing bounds it. */
  hold(call: Call, amount: NanoUsd): LocalHold | undefined | Promise<LocalHold> {
    const { bounded } = this.#bearers.call(call)
    return bounded.length === 0 ? undefined : this.#book.hold(bounded, amount)
  }

  /** Writes an attempt down, which may cost `bound` at most, before it is dialled. @throws, or rejects with, a Failure. */
  begin(attempt: Attempt, bound: NanoUsd): Entry | Promise<Entry> {
    if (this.#poster.isFull) throw backlogFailure()
    // Silent for so long, this replica may have been taken for dead, and its journal and its leases taken over.
    const isSure = this.#contact.isWithin(this.replica.leaseMs, this.#parts.clock.monotonic())
    if (!isSure) this.#journal?.renew()
    const hold = attempt.hold instanceof LocalHold ? attempt.hold : undefined
    const raised = hold?.raise(bound, isSure)
    const place = this.#bearers.attempt(attempt)
    const own = place.bounded.length === 0 ? undefined : this.#book.hold(place.bounded, bound)
    const payers = {
      call: hold,
      bound,
      counting: counting(this.#bearers.call(attempt), place),
    }
    if (!raised && !(own instanceof Promise)) return this.#enter(attempt, { own, ...payers })
    return this.#enterLater(attempt, payers, { raised, own })
  }

  /** Settles when the store has all rows of attempts that have ended. */
  flush(): Promise<void> {
    return this.#poster.flush()
  }

  /**
   * Brings what is left to the store and leaves, by which the leases go back. Rows that the store does not take stay in the
   * journal, and so do attempts that have not ended: whoever takes it over charges them at their worst price.
   */
  async close(): Promise<void> {
    const { authority, clock, warn } = this.#parts
    const patience = new Promise<void>(resolve => clock.after(CLOSE_MS, resolve).unref?.())
    await Promise.race([this.#heartbeat.stop(), patience])
    await Promise.race([this.#poster.flush(), patience])
    // A call that waits for its next try must not be dialled on money that goes back meanwhile.
    this.#closed = true
    const isEmpty = this.#poster.close() && this.#underWay === 0
    if (!isEmpty)
      warn('the last ledger rows are not in the store; they stay in the journal and are posted at the next start')
    // While its leases are not back, the journal says what became of them, though nothing is in it.
    const hasLeft = isEmpty && (await Promise.race([leave(authority, this.replica.id), patience.then(() => false)]))
    this.#journal?.close(hasLeft)
  }

  async #enterLater(attempt: Attempt, payers: Omit<Payers, 'own'>, waits: Waits): Promise<Entry> {
    const [raised, own] = await Promise.allSettled([waits.raised, waits.own])
    const ownHold = own.status === 'fulfilled' ? own.value : undefined
    const reason = raised.status === 'rejected' ? raised.reason : own.status === 'rejected' ? own.reason : undefined
    if (reason === undefined && !attempt.cancellation.reason) return this.#enter(attempt, { own: ownHold, ...payers })
    ownHold?.release()
    throw Failure.from(reason ?? attempt.cancellation.reason)
  }

  #enter(attempt: Attempt, payers: Payers): Entry {
    try {
      if (this.#closed) throw closedFailure()
      const entry = new Entry(attempt, payers, this.#entries)
      this.#underWay++
      return entry
    } catch (error) {
      payers.own?.release()
      throw error
    }
  }
}

/** All that count an attempt, whatever it may cost. */
function counting(caller: Bearers, place: Bearers): Payers['counting'] {
  if (place.counted.length === 0) return caller
  return split([...caller.counted, ...place.counted].map(({ terms }) => terms))
}

/** Whether the authority could be told. */
function leave(authority: Authority, replica: string): Promise<boolean> {
  return authority.leave(replica).then(
    () => true,
    () => false,
  )
}

/** Of a lease's length, in which it is surely not over yet by the authority's clock. */
const SAFE_SHARE = 0.7

interface Waits {
  readonly raised: void | Promise<void>
  readonly own: LocalHold | Promise<LocalHold> | undefined
}

function tell(warn: (message: string) => void): (error: unknown) => void {
  return error =>
    warn(
      error === undefined
        ? 'the store takes ledger rows again'
        : `the store does not take ledger rows, which are kept here meanwhile: ${messageOf(error)}`,
    )
}

function ignore(): void {}
