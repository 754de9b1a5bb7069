// Which cores who runs on: the contender on one of its own, the upstream and the clients on the others.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** @returns lists as `taskset` takes them; `pinned` is false where there is one core or no `taskset`, and `why` says so. */
export function cores() {
  const allowed = allowedCores()
  if (allowed.length < 2) return { pinned: false, why: 'there is one core only' }
  if (spawnSync('taskset', ['--version']).status !== 0) return { pinned: false, why: 'there is no taskset here' }
  return { pinned: true, contender: `${allowed.at(-1)}`, others: allowed.slice(0, -1).join(',') }
}

/** The cores that this process may use, such as `0-3,6`. */
function allowedCores() {
  try {
    const [, list] = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))
    return list.split(',').flatMap(part => {
      const [first, last = first] = part.split('-').map(Number)
      return Array.from({ length: last - first + 1 }, (_, index) => first + index)
    })
  } catch {
    return []
  }
}
