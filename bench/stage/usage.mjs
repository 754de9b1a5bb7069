// What a process has used so far, with all its threads and children, as the system tells it (Linux).
import { readdirSync, readFileSync } from 'node:fs'

/**
 * CPU time (user and system), time that was waited for a core, both in microseconds, and resident memory in bytes;
 * undefined where there is no /proc. `schedstat` counts nanoseconds, where `stat` counts hundredths of a second.
 */
export function usageOf(pid) {
  try {
    const whole = { cpuMicros: 0, waitMicros: 0, rssBytes: 0 }
    for (const one of familyOf(pid)) {
      for (const thread of readdirSync(`/proc/${one}/task`)) {
        const [cpu, wait] = threadNanos(one, thread)
        whole.cpuMicros += cpu / 1000
        whole.waitMicros += wait / 1000
      }
      whole.rssBytes += Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${one}/status`, 'utf8'))[1]) * 1024
    }
    return whole
  } catch {
    return undefined
  }
}

/** The process, its children, and theirs. */
function familyOf(pid) {
  const children = readdirSync(`/proc/${pid}/task`).flatMap(thread =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean),
  )
  return [pid, ...children.flatMap(familyOf)]
}

function threadNanos(pid, thread) {
  try {
    return readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ').map(Number)
  } catch {
    // It has ended between the two looks.
    return [0, 0]
  }
}
