import type { Ms } from '../core/clock.ts'
import { Lookups, type LookupsParts } from './lookups.ts'

export interface LookupOptions<Value> extends Pick<LookupsParts<Found<Value>>, 'what' | 'load' | 'clock'> {
  /** Entries at most. */
  readonly max: number
  /** After so long an entry is looked up again, beside the calls that use it. */
  readonly freshMs: Ms
}

export interface Found<Value> {
  readonly value: Value
  /** What it was made of (`team:a`): when one of these changes, it is forgotten. */
  readonly from: readonly string[]
  /** It holds for so long at most; undefined: until it changes. */
  readonly forMs?: Ms | undefined
}

/** Names of what does not exist, kept so that asking for them again and again costs the store nothing. */
const MAX_MISSING = 10_000
const MISSING_MS = 5_000

/**
 * What is full makes room for so much of it at once. Looking for the oldest passes by all places that were cleared before:
 * 75 µs for each that comes, of 100,000, when it is done each time.
 */
const ROOM = 1 / 100

/** Stands for the name of everything. */
const ALL = '*'

interface Entry<Value> {
  readonly value: Value
  readonly from: readonly string[]
  /** It does not hold any more from then on; what it was made of ends it at once. */
  until: Ms
  /** When it is looked up again; Infinity while that is under way. */
  freshUntil: Ms
  /** Asked for since the last sweep: such entries stay. */
  used: boolean
}

/**
 * Rows of the store by id, as something made of them. What is known is told without a promise; what is not is looked up.
 * What does not exist is remembered for some seconds. Entries are bounded, and so are names that do not exist.
 */
export class LookupCache<Value> {
  readonly #options: LookupOptions<Value>
  readonly #lookups: Lookups<Found<Value>>
  readonly #entries = new Map<string, Entry<Value>>()
  readonly #missing = new Map<string, Ms>()
  /** What entries were made of, so that a change ends them and a hit need not ask. Most have one entry: its key. */
  readonly #madeOf = new Map<string, Entry<Value> | Set<Entry<Value>>>()

  constructor(options: LookupOptions<Value>) {
    const { what, load, clock } = options
    this.#options = options
    this.#lookups = new Lookups({
      what,
      load,
      clock,
      onAnswer: (id, found, changed) => this.#remember(id, found, changed),
      onFailure: id => this.#keep(id),
    })
  }

  get size(): number {
    return this.#entries.size
  }

  /**
   * Undefined: it does not exist.
   * @throws Failure `unavailable` when it is not known and the store cannot tell.
   */
  get(id: string): Value | undefined | Promise<Value | undefined> {
    const entry = this.#entries.get(id)
    if (!entry) return this.#lookUp(id)
    const now = this.#options.clock.monotonic()
    if (now >= entry.until) {
      this.#drop(id, entry)
      return this.#lookUp(id)
    }
    entry.used = true
    if (now >= entry.freshUntil) this.#refresh(id, entry)
    return entry.value
  }

  /** Forgets what was made of this (`team:a`), and that it did not exist. */
  changed(name: string): void {
    this.#lookups.noteChange(name)
    const made = this.#madeOf.get(name)
    if (!made) return
    this.#madeOf.delete(name)
    for (const entry of made instanceof Set ? made : [made]) entry.until = Number.NEGATIVE_INFINITY
  }

  /** Forgets that these did not exist; without a name all of them. */
  forgetMissing(id?: string): void {
    if (id === undefined) this.#missing.clear()
    else this.#missing.delete(id)
  }

  clear(): void {
    this.#lookups.noteChange(ALL)
    this.#madeOf.clear()
    this.#entries.clear()
    this.#missing.clear()
  }

  #lookUp(id: string): undefined | Promise<Value | undefined> {
    const missingUntil = this.#missing.get(id)
    if (missingUntil !== undefined) {
      if (this.#options.clock.monotonic() < missingUntil) return undefined
      this.#missing.delete(id)
    }
    return this.#lookups.ask(id).then(found => found?.value)
  }

  #refresh(id: string, entry: Entry<Value>): void {
    entry.freshUntil = Number.POSITIVE_INFINITY
    this.#lookups.refresh(id)
  }

  /** What is known stays so while the store is away. */
  #keep(id: string): void {
    const entry = this.#entries.get(id)
    if (entry) entry.freshUntil = this.#options.clock.monotonic() + MISSING_MS
  }

  #remember(id: string, found: Found<Value> | undefined, changed: ReadonlySet<string>): void {
    const known = this.#entries.get(id)
    if (known) this.#drop(id, known)
    const now = this.#options.clock.monotonic()
    if (!found) {
      if (changed.size === 0) this.#rememberMissing(id, now + MISSING_MS)
      return
    }
    if (changed.has(ALL) || found.from.some(name => changed.has(name))) return
    const entry: Entry<Value> = {
      value: found.value,
      from: found.from,
      until: found.forMs === undefined ? Number.POSITIVE_INFINITY : now + found.forMs,
      freshUntil: now + this.#options.freshMs,
      used: false,
    }
    this.#entries.set(id, entry)
    for (const name of found.from) this.#link(name, entry)
    if (this.#entries.size > this.#options.max) this.#shrink(id)
  }

  #rememberMissing(id: string, until: Ms): void {
    this.#missing.delete(id)
    this.#missing.set(id, until)
    if (this.#missing.size <= MAX_MISSING) return
    for (const oldest of this.#missing.keys()) {
      if (this.#missing.size <= roomyIn(MAX_MISSING)) return
      this.#missing.delete(oldest)
    }
  }

  #link(name: string, entry: Entry<Value>): void {
    const made = this.#madeOf.get(name)
    if (made instanceof Set) made.add(entry)
    else this.#madeOf.set(name, made ? new Set([made, entry]) : entry)
  }

  #unlink(name: string, entry: Entry<Value>): void {
    const made = this.#madeOf.get(name)
    if (made === entry) this.#madeOf.delete(name)
    else if (made instanceof Set && made.delete(entry) && made.size === 0) this.#madeOf.delete(name)
  }

  #drop(id: string, entry: Entry<Value>): void {
    this.#entries.delete(id)
    for (const name of entry.from) this.#unlink(name, entry)
  }

  /** The oldest go, unless they were asked for since the last sweep: then they get another round (second chance). */
  #shrink(newest: string): void {
    const enough = roomyIn(this.#options.max)
    for (const [id, entry] of this.#entries) {
      if (this.#entries.size <= enough) return
      if (id === newest) continue
      if (entry.used && entry.until > Number.NEGATIVE_INFINITY) {
        entry.used = false
        this.#entries.delete(id)
        this.#entries.set(id, entry)
      } else this.#drop(id, entry)
    }
  }
}

function roomyIn(max: number): number {
  return max - Math.floor(max * ROOM)
}
