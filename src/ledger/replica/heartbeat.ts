import type { Clock, Ms, Timer } from '../../core/clock.ts'
import type { Authority, Change, Replica, WrittenOff } from '../authority.ts'
import type { Book } from './book.ts'
import type { Contact } from './contact.ts'
import type { Gate } from './gate.ts'
import type { Journal, Journals } from './journals.ts'
import type { Poster } from './poster.ts'
import { recover } from './recover.ts'

/** Between two pulses. Changes by others, such as a revoked key, are seen after one. */
const PULSE_MS: Ms = 250

export interface HeartbeatParts {
  readonly authority: Authority
  readonly replica: Replica
  readonly book: Book
  readonly poster: Poster
  readonly contact: Contact
  readonly gate: Gate
  readonly clock: Clock
  /** This replica's own. Undefined: none is kept. */
  readonly journal: Journal | undefined
  readonly journals: Journals | undefined
  readonly onChange: (change: Change) => void
  readonly onRecovered: (replica: string, rows: number) => void
  readonly onWrittenOff: (replica: string, amounts: readonly WrittenOff[]) => void
}

/** Tells the authority that this replica lives, and hears what has changed. Looks after the leases of replicas that died. */
export class Heartbeat {
  readonly #parts: HeartbeatParts
  #timer: Timer | undefined
  #beating: Promise<void> | undefined
  #sweeping: Promise<void> | undefined
  #lastSweep: Ms = Number.NEGATIVE_INFINITY
  /** Journals that nobody here is known to write, as of the last sweep. */
  #lay: ReadonlySet<string> = new Set()
  #stopped = false
  #doubt = false

  constructor(parts: HeartbeatParts) {
    this.#parts = parts
  }

  /** Joins, and takes over what processes of this machine have left. Rejects when the authority cannot be reached. */
  async start(): Promise<void> {
    const { authority, replica, journal, journals } = this.#parts
    await authority.join(replica)
    // Where that took long, somebody may have taken it for one that was left behind.
    journal?.renew()
    if (journals) {
      const left = journals.ids().filter(id => journals.ownerOf(id) === 'gone')
      // One that cannot be posted now is tried again by each sweep, and keeps nobody from starting.
      for (const id of left) await this.#recover(journals, id).catch(ignore)
    }
    await this.#beat()
    this.#next()
  }

  /** The answer to a question about leases was lost: what is under lease is compared soon. */
  noteDoubt(): void {
    this.#doubt = true
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#beating
    await this.#sweeping
  }

  #next(): void {
    if (this.#stopped) return
    this.#timer = this.#parts.clock.after(PULSE_MS, () => {
      this.#beating = this.#beat().finally(() => this.#next())
    })
    this.#timer.unref?.()
  }

  async #beat(): Promise<void> {
    const { authority, replica, contact, clock, book, poster, onChange } = this.#parts
    const sentAt = clock.monotonic()
    try {
      const pulse = await authority.pulse(replica.id, replica.leaseMs)
      for (const change of pulse.changes) onChange(change)
      if (!pulse.alive) contact.lost(new Error('the leases of this process had run out'))
      if (!pulse.alive || this.#doubt) await this.#reconcile(!pulse.alive)
      contact.heard(sentAt)
      // What was leased of a budget under other terms is leased anew.
      const changed = pulse.changes.filter(({ kind }) => kind === 'budget').map(({ id }) => id)
      poster.giveBack(book.takeIdle([...pulse.scarce, ...changed]))
      this.#sweepBeside(sentAt)
    } catch (error) {
      contact.failed(clock.monotonic(), error)
    }
  }

  /** While nothing else is under way: what was lent before may be lent no more, and must not be held against. */
  async #reconcile(joins: boolean): Promise<void> {
    const { authority, replica, book, contact, poster, gate, journal } = this.#parts
    // It stays so until it is done, also when it fails half-way.
    this.#doubt = true
    await gate.alone(async () => {
      if (joins) await authority.join(replica)
      // Also where it has joined before, and the answer was lost.
      if (contact.isLost) journal?.renew()
      const leases = await authority.leases(replica.id)
      this.#doubt = false
      // What waits to be given back is still under lease there, and goes back with the rest.
      poster.forgetReturns()
      poster.giveBack(book.reconcile(leases))
      contact.found()
    })
  }

  /** What a neighbour has left may take seconds, and no pulse waits for that. What fails is tried again by the next sweep. */
  #sweepBeside(now: Ms): void {
    if (this.#sweeping || now - this.#lastSweep < this.#parts.replica.leaseMs / 2) return
    this.#lastSweep = now
    this.#sweeping = this.#sweep()
      .then(ignore, ignore)
      .finally(() => (this.#sweeping = undefined))
  }

  /**
   * What dead replicas had under lease: by their journal where it lies here, else it counts as spent. A process that runs, and
   * was only silent, has its leases again when it speaks.
   */
  async #sweep(): Promise<void> {
    const { authority, replica, journals, onWrittenOff } = this.#parts
    for (const id of await authority.dead(this.#lying())) {
      if (this.#stopped) return
      // Whether this one lives is found out by its pulses.
      if (id === replica.id) continue
      if (journals?.ids().includes(id) && journals.ownerOf(id) !== 'running') await this.#recover(journals, id)
      else {
        const amounts = await authority.writeOff(id)
        if (amounts.length > 0) onWrittenOff(id, amounts)
      }
    }
  }

  /**
   * Journals that may have turned up long after the store has forgotten whose they are. One that was not here at the last sweep
   * may be of a process that is about to join.
   */
  #lying(): string[] {
    const { replica, journals } = this.#parts
    const ids = journals?.ids().filter(id => id !== replica.id && journals.ownerOf(id) !== 'running') ?? []
    const before = this.#lay
    this.#lay = new Set(ids)
    return ids.filter(id => before.has(id))
  }

  async #recover(journals: Journals, id: string): Promise<void> {
    const rows = await recover(id, { journals, authority: this.#parts.authority })
    if (rows !== undefined) this.#parts.onRecovered(id, rows)
  }
}

function ignore(): void {}
