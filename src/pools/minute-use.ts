import type { Ms } from '../core/clock.ts'
import { MINUTE_MS } from './moment.ts'

/** What was used of a deployment in the current minute of UTC. */
export class MinuteUse {
  #minute = -1
  #requests = 0
  #input = 0
  #output = 0

  /** Counts a request with the tokens it is estimated to take. Gives back the minute, for `correct`. */
  reserve(epoch: Ms, input: number, output: number): number {
    this.#roll(epoch)
    this.#requests++
    this.#input += input
    this.#output += output
    return this.#minute
  }

  /** Adds the difference between what was reserved and what was used, unless that minute is over. */
  correct(minute: number, input: number, output: number): void {
    if (minute !== this.#minute) return
    this.#input = Math.max(0, this.#input + input)
    this.#output = Math.max(0, this.#output + output)
  }

  requests(epoch: Ms): number {
    this.#roll(epoch)
    return this.#requests
  }

  inputTokens(epoch: Ms): number {
    this.#roll(epoch)
    return this.#input
  }

  outputTokens(epoch: Ms): number {
    this.#roll(epoch)
    return this.#output
  }

  #roll(epoch: Ms): void {
    const minute = Math.floor(epoch / MINUTE_MS)
    if (minute === this.#minute) return
    this.#minute = minute
    this.#requests = 0
    this.#input = 0
    this.#output = 0
  }
}
