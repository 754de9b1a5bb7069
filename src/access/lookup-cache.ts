import type { Clock, Ms } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'

export interface LookupOptions<Value> {
  /** What is looked up at once, such as `key`: for messages. */
  readonly what: string
  /** Looks up several at once; what is not in the answer does not exist. */
  readonly load: (ids: readonly string[]) => Promise<ReadonlyMap<string, Found<Value>>>
  readonly clock: Clock
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
/** Looked up with one query. */
const BATCH = 200
/** Ids that wait for the next query, and how long anybody waits. */
const MAX_WAITING = 5_000
const WAIT_MS = 5_000

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

type Waiter<Value> = {
  readonly promise: Promise<Value | undefined>
  readonly settle: (value: Value | undefined) => void
  readonly refuse: (failure: Failure) => void
}

/**
 * Rows of the store by id, as something made of them. What is known is told without a promise; what is not is looked up
 * once for all who ask, several in one query, one query at a time. What does not exist is remembered for some seconds.
 * Everything is bounded: entries, names that do not exist, those who wait, and how long they do.
 */
export class LookupCache<Value> {
  readonly #options: LookupOptions<Value>
  readonly #entries = new Map<string, Entry<Value>>()
  readonly #missing = new Map<string, Ms>()
  /** What entries were made of, so that a change ends them and a hit need not ask. Most have one entry: its key. */
  readonly #madeOf = new Map<string, Entry<Value> | Set<Entry<Value>>>()
  readonly #waiting = new Map<string, Waiter<Value>>()
  readonly #asked = new Map<string, Waiter<Value>>()
  readonly #refreshing = new Set<string>()
  /** What changed while a query was under way: its answer may be older. */
  #changedMeanwhile: Set<string> | undefined

  constructor(options: LookupOptions<Value>) {
    this.#options = options
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
    this.#changedMeanwhile?.add(name)
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
    this.#changedMeanwhile?.add(ALL)
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
    const waiter = this.#asked.get(id) ?? this.#waiting.get(id)
    if (waiter) return waiter.promise
    if (this.#waiting.size >= MAX_WAITING) throw this.#busy()
    const fresh = waiterFor<Value>()
    this.#waiting.set(id, fresh)
    this.#refuseLate(id, fresh)
    void this.#work()
    return fresh.promise
  }

  #refuseLate(id: string, waiter: Waiter<Value>): void {
    const timer = this.#options.clock.after(WAIT_MS, () => {
      if (this.#waiting.get(id) === waiter) this.#waiting.delete(id)
      waiter.refuse(this.#busy())
    })
    timer.unref?.()
    waiter.promise.then(
      () => timer.cancel(),
      () => timer.cancel(),
    )
  }

  /** Looks up what waits, batch by batch, until nothing does. */
  async #work(): Promise<void> {
    if (this.#changedMeanwhile) return
    try {
      while (this.#waiting.size > 0 || this.#refreshing.size > 0) {
        this.#changedMeanwhile = new Set()
        const ids = this.#nextBatch()
        await this.#loadBatch(ids)
      }
    } finally {
      this.#changedMeanwhile = undefined
    }
  }

  #nextBatch(): readonly string[] {
    const ids: string[] = []
    for (const [id, waiter] of this.#waiting) {
      if (ids.length === BATCH) break
      this.#waiting.delete(id)
      this.#asked.set(id, waiter)
      ids.push(id)
    }
    for (const id of this.#refreshing) {
      if (ids.length === BATCH) break
      this.#refreshing.delete(id)
      if (!this.#asked.has(id)) ids.push(id)
    }
    return ids
  }

  async #loadBatch(ids: readonly string[]): Promise<void> {
    try {
      const found = await this.#bounded(this.#options.load(ids))
      for (const id of ids) {
        const one = found.get(id)
        this.#remember(id, one)
        this.#settle(id, waiter => waiter.settle(one?.value))
      }
    } catch (error) {
      const failure = this.#away(error)
      for (const id of ids) {
        // What is known stays so while the store is away.
        const entry = this.#entries.get(id)
        if (entry) entry.freshUntil = this.#options.clock.monotonic() + MISSING_MS
        this.#settle(id, waiter => waiter.refuse(failure))
      }
    }
  }

  /** A store that never answers must not hold up those who ask next. */
  #bounded<Result>(work: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.after(WAIT_MS, () => reject(this.#busy()))
      timer.unref?.()
      work.then(resolve, reject).finally(() => timer.cancel())
    })
  }

  #settle(id: string, how: (waiter: Waiter<Value>) => void): void {
    const waiter = this.#asked.get(id)
    this.#asked.delete(id)
    if (waiter) how(waiter)
  }

  #remember(id: string, found: Found<Value> | undefined): void {
    const known = this.#entries.get(id)
    if (known) this.#drop(id, known)
    const now = this.#options.clock.monotonic()
    if (!found) {
      if (!this.#changedMeanwhile?.size) remember(this.#missing, id, now + MISSING_MS)
      return
    }
    if (this.#changedMeanwhile?.has(ALL) || found.from.some(name => this.#changedMeanwhile?.has(name))) return
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

  /** The oldest goes, unless it was asked for since the last sweep: then it gets another round (second chance). */
  #shrink(newest: string): void {
    for (const [id, entry] of this.#entries) {
      if (this.#entries.size <= this.#options.max) return
      if (id === newest) continue
      if (entry.used && entry.until > Number.NEGATIVE_INFINITY) {
        entry.used = false
        this.#entries.delete(id)
        this.#entries.set(id, entry)
      } else this.#drop(id, entry)
    }
  }

  #refresh(id: string, entry: Entry<Value>): void {
    entry.freshUntil = Number.POSITIVE_INFINITY
    this.#refreshing.add(id)
    void this.#work()
  }

  #busy(): Failure {
    return new Failure('unavailable', `the store is too slow to look up this ${this.#options.what}: try again`, {
      code: 'store_unavailable',
      retryAfterMs: 1_000,
    })
  }

  #away(cause: unknown): Failure {
    return new Failure('unavailable', `the store that knows this ${this.#options.what} is away: try again`, {
      code: 'store_unavailable',
      retryAfterMs: 1_000,
      cause,
    })
  }
}

function remember(missing: Map<string, Ms>, id: string, until: Ms): void {
  missing.delete(id)
  missing.set(id, until)
  if (missing.size <= MAX_MISSING) return
  for (const oldest of missing.keys()) {
    missing.delete(oldest)
    return
  }
}

function waiterFor<Value>(): Waiter<Value> {
  let settle: (value: Value | undefined) => void = () => {}
  let refuse: (failure: Failure) => void = () => {}
  const promise = new Promise<Value | undefined>((resolve, reject) => {
    settle = resolve
    refuse = reject
  })
  return { promise, settle, refuse }
}
