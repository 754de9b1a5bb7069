// The clients: send one load to one address over so many connections, for so long, and tell what they saw.
// Bounded by time and by count, and they talk to this machine only.

import { Client, connected, requestOf } from './load/client.mjs'
import { hold } from './load/hold.mjs'
import { Seen } from './load/seen.mjs'
import { LOADS } from './loads.mjs'

/** A fixed rate may need more connections than it begins with; no more than this. */
const MAX_CONNECTIONS = 1_000
const MAX_REQUESTS = 500_000
const TIMEOUT_MS = 15_000

let held = []

process.on('message', async ({ job }) => {
  if (job) process.send(await perform(job).catch(error => ({ error: String(error?.message ?? error) })))
})
process.channel.ref()
process.send({ ready: true })

async function perform(job) {
  for (const client of held) client.close()
  held = []
  if (job.release) return { result: true }
  if (job.hold) {
    held = await hold(job)
    return { result: held.length }
  }
  return { result: await run(job) }
}

/** As fast as it goes with so many at once, or, with `perSecond`, at that rate with starts spread evenly. */
async function run(job) {
  const { connections, durationMs, perSecond, maxRequests = MAX_REQUESTS } = job
  const seen = new Seen(LOADS[job.load])
  const request = requestOf(job)
  const clients = await connected(connections, request, seen)
  const begun = performance.now()
  const until = begun + durationMs
  const goesOn = () => seen.requests < maxRequests && performance.now() < until
  const finished =
    perSecond === undefined ? closed(clients, seen, goesOn) : open({ clients, seen, request, goesOn, perSecond })
  try {
    await Promise.race([finished, late(durationMs + TIMEOUT_MS)])
  } finally {
    for (const client of clients) client.close()
  }
  return { ...seen.summary(), seconds: (performance.now() - begun) / 1000 }
}

/** Every connection asks one thing after the other. */
function closed(clients, seen, goesOn) {
  return new Promise((resolve, reject) => {
    let working = clients.length
    seen.onError = reject
    seen.onFree = client => {
      if (goesOn()) client.ask(performance.now())
      else if (--working === 0) resolve()
    }
    for (const client of clients) client.ask(performance.now())
  })
}

/**
 * Whoever is free asks when it is time; when nobody is, one more connects. A call that had to wait for that has waited
 * since it was due, so that a slow contender cannot slow the clients down and hide it.
 */
function open({ clients, seen, request, goesOn, perSecond }) {
  return new Promise((resolve, reject) => {
    const begun = performance.now()
    const idle = [...clients]
    const due = []
    const connecting = new Set()
    let started = 0
    const endWhenIdle = () => {
      if (goesOn() || due.length > 0 || idle.length < clients.length) return
      clearInterval(timer)
      resolve()
    }
    const timer = setInterval(() => {
      const now = performance.now()
      if (!goesOn()) return endWhenIdle()
      for (const wanted = ((now - begun) * perSecond) / 1000; started < wanted; started++) due.push(now)
      while (due.length > 0 && idle.length > 0) idle.pop().ask(due.shift())
      while (connecting.size < due.length && clients.length < MAX_CONNECTIONS) {
        const client = new Client(request, seen).connect()
        connecting.add(client)
        clients.push(client)
      }
    }, 1)
    seen.onError = error => {
      clearInterval(timer)
      reject(error)
    }
    seen.onFree = client => {
      connecting.delete(client)
      if (due.length > 0) client.ask(due.shift())
      else idle.push(client)
      endWhenIdle()
    }
  })
}

function late(afterMs) {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error('not all answers came in time')), afterMs).unref()
  })
}
