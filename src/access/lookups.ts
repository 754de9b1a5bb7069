import type { Clock, Ms } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'

export interface LookupsParts<Answer> {
  /** What is looked up at once, such as `key`: for messages. */
  readonly what: string
  /** Looks up several at once; what is not in the answer does not exist. */
  readonly load: (ids: readonly string[]) => Promise<ReadonlyMap<string, Answer>>
  readonly clock: Clock
  /**
   * Told of each answer before those who wait for it, with what changed while the query was under way: the answer may be
   * older. Undefined: it does not exist.
   */
  readonly onAnswer: (id: string, answer: Answer | undefined, changed: ReadonlySet<string>) => void
  /** Told of each id for which the store could not be asked. */
  readonly onFailure: (id: string) => void
}

/** Looked up with one query. */
const BATCH = 200
/** Ids that wait for the next query, and how long anybody waits. */
const MAX_WAITING = 5_000
const WAIT_MS: Ms = 5_000

type Waiter<Answer> = {
  readonly promise: Promise<Answer | undefined>
  readonly settle: (answer: Answer | undefined) => void
  readonly refuse: (failure: Failure) => void
}

/**
 * Asks the store for rows by id: once for all who ask, several in one query, one query at a time. Those who wait are bounded,
 * and so is how long they do.
 */
export class Lookups<Answer> {
  readonly #parts: LookupsParts<Answer>
  readonly #waiting = new Map<string, Waiter<Answer>>()
  readonly #asked = new Map<string, Waiter<Answer>>()
  readonly #refreshing = new Set<string>()
  /** Undefined: no query is under way. */
  #changedMeanwhile: Set<string> | undefined

  constructor(parts: LookupsParts<Answer>) {
    this.#parts = parts
  }

  /**
   * Undefined: it does not exist. Rejects with a Failure `unavailable` when the store cannot tell.
   * @throws the same when too many wait.
   */
  ask(id: string): Promise<Answer | undefined> {
    const waiter = this.#asked.get(id) ?? this.#waiting.get(id)
    if (waiter) return waiter.promise
    if (this.#waiting.size >= MAX_WAITING) throw this.#busy()
    const fresh = waiterFor<Answer>()
    this.#waiting.set(id, fresh)
    this.#refuseLate(id, fresh)
    void this.#work()
    return fresh.promise
  }

  /** Asks when there is time; nobody waits for it. */
  refresh(id: string): void {
    this.#refreshing.add(id)
    void this.#work()
  }

  noteChange(name: string): void {
    this.#changedMeanwhile?.add(name)
  }

  #refuseLate(id: string, waiter: Waiter<Answer>): void {
    const timer = this.#parts.clock.after(WAIT_MS, () => {
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
        const changed = new Set<string>()
        this.#changedMeanwhile = changed
        await this.#loadBatch(this.#nextBatch(), changed)
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

  async #loadBatch(ids: readonly string[], changed: ReadonlySet<string>): Promise<void> {
    const { load, onAnswer, onFailure } = this.#parts
    try {
      const found = await this.#bounded(load(ids))
      for (const id of ids) {
        const answer = found.get(id)
        onAnswer(id, answer, changed)
        this.#settle(id, waiter => waiter.settle(answer))
      }
    } catch (error) {
      const failure = this.#away(error)
      for (const id of ids) {
        onFailure(id)
        this.#settle(id, waiter => waiter.refuse(failure))
      }
    }
  }

  /** A store that never answers must not hold up those who ask next. */
  #bounded<Result>(work: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const timer = this.#parts.clock.after(WAIT_MS, () => reject(this.#busy()))
      timer.unref?.()
      work.then(resolve, reject).finally(() => timer.cancel())
    })
  }

  #settle(id: string, how: (waiter: Waiter<Answer>) => void): void {
    const waiter = this.#asked.get(id)
    this.#asked.delete(id)
    if (waiter) how(waiter)
  }

  #busy(): Failure {
    return new Failure('unavailable', `the store is too slow to look up this ${this.#parts.what}: try again`, {
      code: 'store_unavailable',
      retryAfterMs: 1_000,
    })
  }

  #away(cause: unknown): Failure {
    return new Failure('unavailable', `the store that knows this ${this.#parts.what} is away: try again`, {
      code: 'store_unavailable',
      retryAfterMs: 1_000,
      cause,
    })
  }
}

function waiterFor<Answer>(): Waiter<Answer> {
  let settle: (answer: Answer | undefined) => void = () => {}
  let refuse: (failure: Failure) => void = () => {}
  const promise = new Promise<Answer | undefined>((resolve, reject) => {
    settle = resolve
    refuse = reject
  })
  return { promise, settle, refuse }
}
