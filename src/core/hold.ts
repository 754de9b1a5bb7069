import type { NanoUsd } from './money.ts'

/** Money set aside for a call on every budget that bounds it; its attempts are paid of it. */
export interface Hold {
  /** What is set aside and not yet charged, nano-USD. */
  readonly left: NanoUsd
  /**
   * What the caller's key has spent in the window of its budget, nano-USD, ended attempts of this call included, as far as this
   * process knows: others may have spent more since. Undefined: its key has no budget with a limit.
   */
  readonly keySpent: NanoUsd | undefined
  /** Sets more aside, until `amount` is left. @throws, or rejects with, a Failure when a budget has not so much. */
  raise(amount: NanoUsd): void | Promise<void>
  /** Charges an attempt. Gives back by how much that passes what was set aside. */
  charge(amount: NanoUsd): NanoUsd
  /** Gives back what is left. Once; later calls change nothing. */
  release(): void
}
