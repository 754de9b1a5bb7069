// Many streams at once that take their time.
import { LOADS } from '../loads.mjs'
import { Client, requestOf } from './client.mjs'
import { Seen } from './seen.mjs'

/** Connecting at once, so that no queue of the system runs over. */
const AT_ONCE = 100
const WAIT_MS = 60_000

/** @returns clients whose streams have begun and go on. */
export async function hold(job) {
  const seen = new Seen(LOADS[job.load])
  const request = requestOf(job)
  const clients = []
  let wrong
  seen.onError = error => {
    wrong ??= error
  }
  seen.onFree = client => client.ask(performance.now())
  const until = performance.now() + WAIT_MS
  while (clients.length < job.hold) {
    const some = Array.from({ length: Math.min(AT_ONCE, job.hold - clients.length) }, () =>
      new Client(request, seen).connect(),
    )
    clients.push(...some)
    while (!wrong && some.some(client => !client.contains)) {
      if (performance.now() > until) throw new Error('not all streams began in time')
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    if (wrong) throw wrong
  }
  return clients
}
