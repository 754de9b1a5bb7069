/** Milliseconds since some fixed moment. */
export type Ms = number

/** Time as an argument, so that tests need no sleeps. */
export interface Clock {
  /** Milliseconds since 1970, for people and records. It may jump. */
  now(): Ms
  /** Milliseconds that only go forward, for durations and deadlines. */
  monotonic(): Ms
  /** Calls `action` once after `delay` ms, clamped to what a timer can hold (about 24 days). */
  after(delay: Ms, action: () => void): Timer
}

export interface Timer {
  cancel(): void
  /** Where there is a process: it may end although the timer is set. For what goes on by itself and nobody waits for. */
  unref?(): void
}

/** setTimeout with more than 2^31 - 1 ms fires at once. */
export const MAX_TIMER_MS: Ms = 2 ** 31 - 1

class SystemTimer implements Timer {
  readonly #handle: NodeJS.Timeout

  constructor(delay: Ms, action: () => void) {
    this.#handle = setTimeout(action, Math.min(Math.max(delay, 0), MAX_TIMER_MS))
  }

  cancel(): void {
    clearTimeout(this.#handle)
  }

  unref(): void {
    this.#handle.unref()
  }
}

export const systemClock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  after: (delay, action) => new SystemTimer(delay, action),
}

/** A number in [0, 1), as an argument, so that tests choose it. */
export type Random = () => number
