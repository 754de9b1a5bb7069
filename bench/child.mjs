// What the processes of a measurement have in common. Loaded into every one of them, the gateway included (--import):
// tells the parent what this process has used and how long its event loop was held up, and ends with the parent.
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** Milliseconds between two looks of the delay monitor, which its figures contain. */
const RESOLUTION_MS = 1

// The workers of a gateway inherit the flag, but have a parent of their own.
if (process.send && process.env.BENCH_PARENT === `${process.ppid}`) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  const perform = {
    usage: usage,
    watchLoop() {
      delay.reset()
      delay.enable()
      return true
    },
    loop() {
      delay.disable()
      return { maxMs: Math.max(0, delay.max / 1e6 - RESOLUTION_MS) }
    },
    collect() {
      globalThis.gc?.()
      return usage()
    },
  }
  process.on('message', message => {
    for (const name of Object.keys(perform)) if (message[name]) process.send({ [name]: perform[name]() })
  })
  process.on('disconnect', () => process.exit(0))
  // The gateway must be able to end by itself.
  process.channel?.unref()
}

function usage() {
  const { user, system } = process.cpuUsage()
  return { cpuMicros: user + system, rssBytes: process.memoryUsage.rss(), heapBytes: process.memoryUsage().heapUsed }
}

/** Listens on a free port of this machine and tells the parent which. */
export function listen(server) {
  return new Promise(resolve => {
    server.listen({ port: 0, host: '127.0.0.1', backlog: 8192 }, () => {
      process.send?.({ port: server.address().port })
      resolve()
    })
  })
}
