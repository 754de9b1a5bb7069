import type { Cancellation } from './cancellation.ts'
import type { Clock, Ms } from './clock.ts'

/** Waits, or rejects with the reason as soon as it is cancelled. */
export function sleep(delay: Ms, clock: Clock, cancellation: Cancellation): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(delay, () => {
      release()
      resolve()
    })
    const release = cancellation.onCancel(reason => {
      timer.cancel()
      reject(reason)
    })
  })
}
