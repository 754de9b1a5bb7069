import { type Clock, MAX_TIMER_MS, type Ms, type Timer } from '../core/clock.ts'

interface Pending {
  readonly due: Ms
  readonly action: () => void
}

/** A clock that stands still until it is told to go on. */
export class FakeClock implements Clock {
  #now: Ms
  #monotonic: Ms = 0
  readonly #pending = new Set<Pending>()

  /** @param now what `now()` says at first, in milliseconds since 1970; `monotonic()` begins at 0. */
  constructor(now: Ms = Date.UTC(2026, 0, 1)) {
    this.#now = now
  }

  now(): Ms {
    return this.#now
  }

  monotonic(): Ms {
    return this.#monotonic
  }

  after(delay: Ms, action: () => void): Timer {
    const due = this.#monotonic + Math.min(Math.max(delay, 0), MAX_TIMER_MS)
    const pending: Pending = { due, action }
    this.#pending.add(pending)
    return { cancel: () => this.#pending.delete(pending) }
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#pending.size
  }

  /**
   * Lets `ms` milliseconds pass and calls what is due, in order of time and then of setting, each at its own time.
   * Timers that are set meanwhile and fall due within the span are called too. Promises that a timer settles are
   * continued only after the present turn: await something before the next look, or use `advanceAsync`.
   */
  advance(ms: Ms): void {
    const end = this.#monotonic + ms
    for (let next = this.#nextBefore(end); next; next = this.#nextBefore(end)) this.#fire(next)
    this.#moveTo(end)
  }

  /** Like `advance`, with a turn of the event loop before, between and after timers, so that promises go on. */
  async advanceAsync(ms: Ms): Promise<void> {
    const end = this.#monotonic + ms
    await turn()
    for (let next = this.#nextBefore(end); next; next = this.#nextBefore(end)) {
      this.#fire(next)
      await turn()
    }
    this.#moveTo(end)
    await turn()
  }

  /** Sets the wall clock, as an administrator or a leap would: `monotonic()` and timers do not notice. */
  jump(to: Ms): void {
    this.#now = to
  }

  #nextBefore(end: Ms): Pending | undefined {
    let first: Pending | undefined
    for (const pending of this.#pending) {
      if (pending.due <= end && (!first || pending.due < first.due)) first = pending
    }
    return first
  }

  #fire(pending: Pending): void {
    this.#pending.delete(pending)
    this.#moveTo(pending.due)
    pending.action()
  }

  #moveTo(monotonic: Ms): void {
    // An action may itself have advanced the clock; it never goes back.
    const step = Math.max(0, monotonic - this.#monotonic)
    this.#monotonic += step
    this.#now += step
  }
}

function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
