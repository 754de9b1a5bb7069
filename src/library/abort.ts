import type { Cancellation } from '../core/cancellation.ts'
import { Failure } from '../core/failure.ts'

/** Cancels when a caller's AbortSignal aborts. Gives back a function that ends the bond. */
export function cancelWith(cancellation: Cancellation, signal: AbortSignal | null | undefined): () => void {
  if (!signal) return nothing
  const cancel = () => cancellation.cancel(new Failure('cancelled', 'the caller aborted', { cause: signal.reason }))
  if (signal.aborted) {
    cancel()
    return nothing
  }
  signal.addEventListener('abort', cancel, { once: true })
  return () => signal.removeEventListener('abort', cancel)
}

function nothing(): void {}
