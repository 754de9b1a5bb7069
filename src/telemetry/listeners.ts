import type { Emit, Event } from '../core/event.ts'

/** Watches what happens. It is fast; whatever it throws is reported and goes no further. */
export type Listener = (event: Event) => void

/** Told what a listener threw. */
export type OnListenerError = (error: unknown, event: Event) => void

/**
 * Tells every listener of every event, in order. A listener that throws, or gives back a promise that rejects, harms
 * neither the call nor the other listeners; `onError` is told. Without listeners an event costs an empty call.
 */
export function fanOut(listeners: readonly Listener[], onError: OnListenerError = ignore): Emit {
  const [only] = listeners
  if (!only) return ignore
  if (listeners.length === 1) return event => tell(only, event, onError)
  const all = [...listeners]
  return event => {
    for (const listener of all) tell(listener, event, onError)
  }
}

function tell(listener: Listener, event: Event, onError: OnListenerError): void {
  try {
    // An async function passes for a listener; its rejection would otherwise end the process.
    const result: unknown = listener(event)
    if (result instanceof Promise) result.catch(error => report(onError, error, event))
  } catch (error) {
    report(onError, error, event)
  }
}

function report(onError: OnListenerError, error: unknown, event: Event): void {
  try {
    onError(error, event)
  } catch {
    // Nobody is left to be told.
  }
}

function ignore(): void {}
