// CPU time by thread: what a call costs the event loop, and what it costs the threads of the store.
import { readdirSync, readFileSync } from 'node:fs'

/** Microseconds of CPU so far: of the whole process, and of its main thread where the system tells (Linux). */
export function cpu() {
  const { user, system } = process.cpuUsage()
  return { all: user + system, main: ofThread(process.pid) }
}

/** Microseconds of CPU of each thread, by its id. */
export function threads() {
  try {
    return new Map(readdirSync('/proc/self/task').map(id => [id, ofThread(id)]))
  } catch {
    return new Map()
  }
}

export function since({ all, main }) {
  const now = cpu()
  return { all: now.all - all, main: now.main - main }
}

/** The CPU of the thread that worked most beside the main one: the store's. */
export function busiest(before) {
  let most = 0
  for (const [id, micros] of threads())
    if (id !== String(process.pid)) most = Math.max(most, micros - (before.get(id) ?? 0))
  return most
}

function ofThread(id) {
  try {
    return Number(readFileSync(`/proc/self/task/${id}/schedstat`, 'utf8').split(' ')[0]) / 1000
  } catch {
    return Number.NaN
  }
}
