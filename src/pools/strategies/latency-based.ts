import type { Call } from '../../core/call.ts'
import type { Clock, Ms, Random } from '../../core/clock.ts'
import { PENALTY_MS } from '../deployment-vitals.ts'
import type { Candidate, Candidates, NamedStrategy } from '../strategy.ts'
import { lowest, nth } from './lowest.ts'
import { randomIndex } from './random-index.ts'

/** At most this part of the calls goes to deployments that nobody has measured, while others are. */
const UNSEEN_SHARE = 0.2

export interface LatencyOptions {
  /** A deployment within `lowest * (1 + buffer)` is as good as the fastest. */
  readonly buffer: number
  readonly clock: Clock
  readonly random: Random
}

/**
 * The lowest rolling p50: of the time to the first token for streams, of the whole answer otherwise. Random among those
 * within the buffer.
 *
 * A deployment without samples (new, or all of them too old) gets a bounded share. It is tried only while nothing is in
 * flight there, so that a burst does not pile up at an unknown place, and every call earns a fifth of a try, so that at
 * most one call in five goes to the unmeasured, however many there are; the first try is free. While none is measured,
 * the least busy of all is taken. A failure leaves a penalty sample for a minute, in which it counts as measured and slow.
 */
export function latencyBased(options: LatencyOptions): NamedStrategy {
  const tries = new Tries()
  return {
    name: 'latency-based-routing',
    pick: (candidates, call) => pick(candidates, call, options, tries),
    reason(chosen, { length }, call) {
      const p50 = latencyOf(chosen, call, options.clock.monotonic())
      return p50 === undefined ? `one of ${length}, to measure it` : `fastest of ${length} at ${showLatency(p50)}`
    },
    explain(candidates, call) {
      const now = options.clock.monotonic()
      for (const candidate of candidates) explainLatency(candidate, call, now)
    },
  }
}

/** The p50 that a client of this call would feel. */
export function latencyOf({ vitals }: Candidate, call: Call, now: Ms): Ms | undefined {
  return call.request.streamed ? vitals.firstTokenP50(now) : vitals.p50(now)
}

export function explainLatency(candidate: Candidate, call: Call, now: Ms): void {
  const p50 = latencyOf(candidate, call, now)
  candidate.score = p50 ?? 0
  candidate.note = p50 === undefined ? 'not measured yet' : showLatency(p50)
}

/** `412 ms p50`. */
export function showLatency(p50: Ms): string {
  return p50 >= PENALTY_MS ? 'a p50 of failures' : `${Math.round(p50)} ms p50`
}

function pick(candidates: Candidates, call: Call, { buffer, clock, random }: LatencyOptions, tries: Tries): Candidate {
  const now = clock.monotonic()
  let least = Number.POSITIVE_INFINITY
  let unseen = 0
  let idle = 0
  for (const candidate of candidates) {
    const p50 = latencyOf(candidate, call, now)
    if (p50 !== undefined) least = Math.min(least, p50)
    else {
      unseen++
      if (candidate.vitals.inFlight === 0) idle++
    }
  }
  if (unseen === candidates.length) return lowest(candidates, ({ vitals }) => vitals.inFlight, random)
  if (tries.earn() && idle > 0) {
    tries.spend()
    const isIdle = (one: Candidate) => one.vitals.inFlight === 0 && latencyOf(one, call, now) === undefined
    return nth(candidates, randomIndex(idle, random), isIdle)
  }
  return amongFastest(
    candidates,
    one => (latencyOf(one, call, now) ?? Number.POSITIVE_INFINITY) <= least * (1 + buffer),
    random,
  )
}

function amongFastest(candidates: Candidates, isFast: (candidate: Candidate) => boolean, random: Random): Candidate {
  let count = 0
  for (const candidate of candidates) if (isFast(candidate)) count++
  return nth(candidates, randomIndex(count, random), isFast)
}

/** Tries at unmeasured deployments that the calls so far have earned; at most one is saved up. */
class Tries {
  #saved = 1

  /** One more call was made. Says whether a try is to be had. */
  earn(): boolean {
    this.#saved = Math.min(1, this.#saved + UNSEEN_SHARE)
    return this.#saved >= 1 - 1e-9
  }

  spend(): void {
    this.#saved -= 1
  }
}
