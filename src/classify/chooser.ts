import type { Call, Classification } from '../core/call.ts'
import type { Handler } from '../core/handler.ts'

/** Where a call to an automatic pool goes, and why. */
export interface Choice {
  readonly pool: string
  readonly classification: Classification
  /** Remembers the choice, now that its pool has answered. */
  readonly keep?: () => void
}

/**
 * Chooses for one automatic pool. `ask` answers calls that it makes to that end. It never fails the call: what goes wrong
 * means the default pool, with the reason.
 */
export type Chooser = (call: Call, ask: Handler) => Choice | Promise<Choice>

/** The task of whatever fits no other, and who named it. */
export const DEFAULT_TASK = 'default'

export function byDefault(reason: string): Classification {
  return { task: DEFAULT_TASK, by: DEFAULT_TASK, reason }
}

/** The code of the refusal by those who may ask nobody: an explanation spends no money. */
export const NOT_ASKED = 'not_asked'
