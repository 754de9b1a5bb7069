// What the processes of a measurement have in common. Loaded into every one of them, the gateway included (--import):
// tells the parent what this process has used, how long its event loop was held up and what its time went into, and
// ends with the parent.
import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** Milliseconds between two looks of the delay monitor, which its figures contain. */
const RESOLUTION_MS = 1

const PROFILE_STEP_MICROS = 200

// The workers of a gateway inherit the flag, but have a parent of their own.
if (process.send && process.env.BENCH_PARENT === `${process.ppid}`) {
  const perform = { usage, collect, ...loopDelay(), ...profiling() }
  process.on('message', async message => {
    for (const [name, what] of Object.entries(message))
      if (name in perform) process.send({ [name]: await perform[name](what) })
  })
  process.on('disconnect', () => process.exit(0))
  // The gateway must be able to end by itself.
  process.channel?.unref()
}

function loopDelay() {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  return {
    watchLoop() {
      delay.reset()
      return delay.enable()
    },
    loop() {
      delay.disable()
      return { maxMs: Math.max(0, delay.max / 1e6 - RESOLUTION_MS) }
    },
  }
}

/** From `profile` to `profiled`, which is told the file to write. */
function profiling() {
  const session = new Session()
  return {
    async profile() {
      session.connect()
      await session.post('Profiler.enable')
      await session.post('Profiler.setSamplingInterval', { interval: PROFILE_STEP_MICROS })
      await session.post('Profiler.start')
      return true
    },
    async profiled(file) {
      const { profile } = await session.post('Profiler.stop')
      session.disconnect()
      writeFileSync(file, JSON.stringify(profile))
      return true
    },
  }
}

/** Memory after a collection, where Node was started with --expose-gc. */
function collect() {
  globalThis.gc?.()
  return usage()
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
