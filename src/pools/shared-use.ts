import type { Clock, Ms } from '../core/clock.ts'
import { MINUTE_MS } from './moment.ts'

/** What one replica uses of a deployment: calls in flight, and what was asked in the minute (of UTC) that is named. */
export interface Use {
  readonly inFlight: number
  readonly minute: number
  readonly requests: number
  readonly inputTokens: number
  readonly outputTokens: number
  /** Its median latency, of whole answers and to the first token of streams. */
  readonly p50?: Ms | undefined
  readonly firstTokenP50?: Ms | undefined
}

/** The kinds of limits that a deployment can have. */
export type Limited = 'inFlight' | 'requests' | 'tokens' | 'inputTokens' | 'outputTokens'

/** The replicas together, as this one sees them. */
export interface Replicas {
  /** How many they are, this one included. */
  members(): number
  /** Whether it is this one's turn to take the last places. */
  hasTurn(): boolean
  /** Whether some of them do not hear this one, or it does not hear them, though they go on. */
  isApart(): boolean
  /** This replica's use of a deployment has changed, and the others do not know it yet. */
  changed(use: SharedUse): void
  readonly clock: Clock
}

interface Told extends Use {
  /** Monotonic. */
  readonly at: Ms
  /** The replica is gone: what it used of the minute stays used. */
  readonly gone: boolean
}

const NOTHING: Use = { inFlight: 0, minute: -1, requests: 0, inputTokens: 0, outputTokens: 0 }

/** What was told so long ago has been heard. Longer than a message takes, even on a machine that is busy. */
export const HEARD_MS: Ms = 100
/** Another replica that took a place within this time may be about to take the next one. */
const RACING_MS: Ms = 1_000

/**
 * What all other replicas use of one deployment, and how much of what is left this one may take before it tells them.
 *
 * They hear of each other's calls about 100 ms late, and in that time each could take all that is left. So each takes at
 * most its share: of what was left when it last told, divided by their number. With k replicas that all take their share
 * nobody passes the limit; one that takes alone has its next share of the rest 100 to 200 ms later, and 90 % of a
 * minute's requests in about 1.5 s, when they are four. Where fewer are left than replicas, a share is less than one:
 * then one at a time takes a single call, each in its turn; and anybody does while nobody else has taken one for a
 * second, for otherwise the first call of a minute could be refused although nothing is used. There the limit is passed
 * by at most k - 1 calls, when all of them begin within the same 100 ms.
 *
 * While they do not hear each other, what one takes stays untold: so it has one share of what was left when they last did,
 * and from the next minute on one share of the whole limit.
 */
export class SharedUse {
  readonly #own: (epoch: Ms) => Use
  readonly #replicas: Replicas
  readonly #others = new Map<string, Told>()
  #sum: Use = NOTHING
  /** What the others know of this replica's use for sure, and what they have been told since. */
  #heard: Use = NOTHING
  #told: Use = NOTHING
  #toldAt: Ms = Number.NEGATIVE_INFINITY
  /** When another replica last took a place, monotonic. */
  #takenElsewhereAt: Ms = Number.NEGATIVE_INFINITY

  constructor(own: (epoch: Ms) => Use, replicas: Replicas) {
    this.#own = own
    this.#replicas = replicas
  }

  /** Calls in flight from the others. */
  get inFlight(): number {
    return this.#sum.inFlight
  }

  /** What the others asked for in the minute of `epoch`. */
  of(epoch: Ms): Use {
    const minute = Math.floor(epoch / MINUTE_MS)
    if (minute !== this.#sum.minute) this.#add(minute)
    return this.#sum
  }

  /** Median latency as the others measured it lately: of several the lower middle. */
  p50(now: Ms, ttlMs: Ms, which: 'p50' | 'firstTokenP50'): Ms | undefined {
    const fresh = [...this.#others.values()].filter(one => !one.gone && now - one.at < ttlMs)
    const values = fresh.flatMap(one => one[which] ?? []).sort((a, b) => a - b)
    return values[Math.ceil(values.length / 2) - 1]
  }

  /** This replica has begun or ended a call. */
  changed(): void {
    if (this.#replicas.members() > 1) this.#replicas.changed(this)
  }

  /** Gives what the others are to be told now. */
  tell(epoch: Ms): Use {
    const use = this.#own(epoch)
    if (this.#replicas.isApart()) return use
    const now = this.#replicas.clock.monotonic()
    this.#settle(now)
    this.#told = use
    this.#toldAt = now
    return use
  }

  /** Another replica has told its use. */
  hear(from: string, use: Use, epoch: Ms): void {
    const now = this.#replicas.clock.monotonic()
    const before = this.#others.get(from) ?? NOTHING
    const requestsBefore = before.minute === use.minute ? before.requests : 0
    const hasTaken = use.inFlight > before.inFlight || use.requests > requestsBefore
    if (hasTaken) this.#takenElsewhereAt = now
    this.#others.set(from, { ...use, at: now, gone: false })
    this.#add(Math.floor(epoch / MINUTE_MS))
  }

  /** A replica is gone, and its calls with it; the requests of its last minute were made all the same. */
  gone(replica: string, epoch: Ms): void {
    if (this.#replicas.isApart()) this.#recall()
    const told = this.#others.get(replica)
    if (!told) return
    this.#others.set(replica, { ...told, inFlight: 0, gone: true })
    this.#add(Math.floor(epoch / MINUTE_MS))
  }

  /** Whether `needed` more are within this replica's share of what is `left` of a limit, by all that is known. */
  isWithinShare(what: Limited, { left, needed, epoch }: { left: number; needed: number; epoch: Ms }): boolean {
    const members = this.#replicas.members()
    if (members === 1 || left === Number.POSITIVE_INFINITY) return true
    const now = this.#replicas.clock.monotonic()
    const untold = this.#untold(what, epoch, now)
    if (untold + needed <= Math.floor((left + untold) / members)) return true
    return untold === 0 && (now - this.#takenElsewhereAt > RACING_MS || this.#replicas.hasTurn())
  }

  /** What this replica has taken that the others may not have heard of. */
  #untold(what: Limited, epoch: Ms, now: Ms): number {
    this.#settle(now)
    const own = this.#own(epoch)
    // The others may have heard of places that were given back, and count on them.
    const known = Math.min(amount(what, this.#heard, own.minute), amount(what, this.#told, own.minute))
    return Math.max(0, amount(what, own, own.minute) - known)
  }

  /** Others that go on unheard count on this one's share of the places, not on those that they last heard it had. */
  #recall(): void {
    this.#heard = { ...this.#heard, inFlight: 0 }
    this.#told = { ...this.#told, inFlight: 0 }
  }

  #settle(now: Ms): void {
    if (now - this.#toldAt >= HEARD_MS) this.#heard = this.#told
  }

  #add(minute: number): void {
    const sum = { ...NOTHING, minute }
    for (const [replica, told] of this.#others) {
      sum.inFlight += told.inFlight
      if (told.minute === minute) {
        sum.requests += told.requests
        sum.inputTokens += told.inputTokens
        sum.outputTokens += told.outputTokens
      } else if (told.gone && told.minute < minute) this.#others.delete(replica)
    }
    this.#sum = sum
  }
}

function amount(what: Limited, use: Use, minute: number): number {
  if (what === 'inFlight') return use.inFlight
  if (use.minute !== minute) return 0
  return what === 'tokens' ? use.inputTokens + use.outputTokens : use[what]
}
