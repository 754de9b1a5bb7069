import type { Granted, LimitAsk, Refused } from './limiter.ts'
import type { Owed } from './memory-limiter.ts'

/** Who counts for several processes. It may be away: then whoever asks goes on without it. */
export interface LimitSource {
  /** Whether it would be asked now. */
  readonly up: boolean
  /** How many processes it was last known to count for, this one included. At least 1. */
  readonly members: number
  /** One atomic step over all limits. Rejects within a bound; `late` is told an answer that came after that. */
  ask(ask: LimitAsk, late: (answer: SourceAnswer) => void): Promise<SourceAnswer>
  /** Gives the places back and corrects the tokens. Never waited for. */
  settle(ask: LimitAsk, tokens: number, settling: Settling): void
  /** Counts what was taken (or given back) without it. */
  add(owed: readonly Owed[]): void
  /** Keeps the places of calls that were let through without it, as if it had been asked. */
  hold(asks: readonly LimitAsk[]): void
  /** Tells whenever it is there again. */
  onUp(listener: () => void): void
  close(): Promise<void>
}

/** What becomes of a correction. */
export interface Settling {
  /** It could not be told. */
  readonly lost: () => void
  /** It was made all the same, after it had been given up. */
  readonly late: () => void
}

export type SourceAnswer = Omit<Granted, 'ask'> | Refused
