import type { Clock, Ms } from '../core/clock.ts'

/**
 * Epoch ms that do not jump when somebody sets the host's clock: the time at the start, and what has passed since. A
 * clock that leaps a day ahead must not reset a budget early. While a machine sleeps nothing passes.
 */
export function steadyNow(clock: Clock): () => Ms {
  const start = clock.now() - clock.monotonic()
  return () => Math.floor(start + clock.monotonic())
}
