import type { Ms } from '../core/clock.ts'

/** Writes moments to the millisecond: what is the same all through a second is made once for it. */
export class SecondText {
  readonly #write: (second: string) => string
  #second = Number.NaN
  #text = ''

  /** `write` gets the second in ISO 8601, UTC, without a zone: `2026-11-20T12:00:00`. */
  constructor(write: (second: string) => string) {
    this.#write = write
  }

  /** What was written for its second, and the three digits of its millisecond. */
  of(epochMs: Ms): string {
    const second = Math.floor(epochMs / 1000)
    if (second !== this.#second) {
      this.#text = this.#write(new Date(second * 1000).toISOString().slice(0, -5))
      this.#second = second
    }
    return `${this.#text}${String(Math.floor(epochMs) - second * 1000).padStart(3, '0')}`
  }
}
