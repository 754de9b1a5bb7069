import type { Call } from '../../core/call.ts'
import type { Clock, Ms, Random } from '../../core/clock.ts'
import { PENALTY_MS } from '../deployment-vitals.ts'
import type { Candidate, Candidates, NamedStrategy } from '../strategy.ts'
import type { Vitals } from '../vitals.ts'
import { type Figures, figures } from './figures.ts'

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
  const { clock } = options
  const tries = new Tries()
  // Of the pick under way: asking the clock for each candidate would take longer than all the rest.
  let now: Ms = 0
  const whole = standing(vitals => vitals.p50(now), clock)
  const streamed = standing(vitals => vitals.firstTokenP50(now), clock)
  return {
    name: 'latency-based-routing',
    pick(candidates, call) {
      now = clock.monotonic()
      return pick(candidates, options, call.request.streamed ? streamed : whole, tries)
    },
    reason(chosen, { length }, call) {
      const p50 = latencyOf(chosen, call, clock.monotonic())
      return p50 === undefined ? `one of ${length}, to measure it` : `fastest of ${length} at ${showLatency(p50)}`
    },
    explain(candidates, call) {
      const now = clock.monotonic()
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

/** How candidates stand for whole answers, or for streams. */
interface Standing {
  /** By their p50. */
  readonly measured: (candidates: Candidates) => Figures
  /** Those that nobody has measured, by the attempts in flight. */
  readonly unmeasured: (candidates: Candidates) => Figures
}

function standing(p50Of: (vitals: Vitals) => Ms | undefined, clock: Clock): Standing {
  return {
    measured: figures(({ vitals }) => p50Of(vitals) ?? Number.POSITIVE_INFINITY, clock),
    unmeasured: figures(
      ({ vitals }) => (p50Of(vitals) === undefined ? vitals.inFlight : Number.POSITIVE_INFINITY),
      clock,
    ),
  }
}

function pick(candidates: Candidates, { buffer, random }: LatencyOptions, by: Standing, tries: Tries): Candidate {
  const measured = by.measured(candidates)
  const { least } = measured
  const earned = least < Number.POSITIVE_INFINITY && tries.earn()
  if (measured.upTo(Number.MAX_VALUE) < candidates.length && (earned || least === Number.POSITIVE_INFINITY)) {
    const unmeasured = by.unmeasured(candidates)
    if (!earned) return unmeasured.any(unmeasured.least, random)
    if (unmeasured.least === 0) {
      tries.spend()
      return unmeasured.any(0, random)
    }
  }
  return measured.any(least * (1 + buffer), random)
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
