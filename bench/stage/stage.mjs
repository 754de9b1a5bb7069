// All that a measurement has started, and ends again: processes and a folder.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cores } from './cores.mjs'
import { Process } from './process.mjs'

const READY_MS = 60_000
/**
 * Every contender has one core, and rests while others are measured: with Node's defaults V8 would throw away the code of some
 * of them now and then, and its four helpers would share the one core (docs/performance.md, "Node's own settings").
 */
const CONTENDER_FLAGS = ['--no-memory-reducer', '--v8-pool-size=1']

export const fromBench = path => fileURLToPath(new URL(`../${path}`, import.meta.url))

export class Stage {
  cores = cores()
  #processes = new Set()
  #folder
  #folders = 0
  #stopping

  /** Ends everything when this process is told to end, however that is. */
  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.on(signal, () => {
        // A second one does not wait.
        if (this.#stopping) process.exit(130)
        console.error('\nstopping what was started …')
        this.stop().finally(() => process.exit(130))
      })
    }
    process.on('exit', () => this.#cleanUp())
  }

  get stopping() {
    return this.#stopping !== undefined
  }

  /** A script, or any command, on the contender's core or the others'. */
  node(script, { core, flags = [], ...options } = {}) {
    const own = core === 'contender' ? [...CONTENDER_FLAGS, ...flags] : flags
    return this.#keep(Process.node(script, { ...options, flags: own, core: this.cores[core] }))
  }

  command(name, command, { core, ...options } = {}) {
    return this.#keep(new Process(name, command, { ...options, core: this.cores[core] }))
  }

  /** One of our own servers; it tells its port once it listens. */
  async server(name, options) {
    const started = this.node(fromBench(name), { name, ...options })
    return { process: started, port: await started.next('port') }
  }

  /** A folder that is empty, and goes with the stage. */
  folder() {
    this.#folder ??= mkdtempSync(join(tmpdir(), 'tollgate-bench-'))
    return join(this.#folder, `${this.#folders++}`)
  }

  /** Ends one process before the others. */
  async end(one) {
    await one.stop()
    this.#processes.delete(one)
  }

  /** Ends all, the youngest first: a gateway hands its last spans to the upstream. */
  stop() {
    this.#stopping ??= (async () => {
      for (const one of [...this.#processes].reverse()) await one.stop()
      this.#cleanUp()
    })()
    return this.#stopping
  }

  #keep(one) {
    if (this.#stopping) one.kill()
    this.#processes.add(one)
    return one
  }

  #cleanUp() {
    for (const one of this.#processes) if (!one.ended) one.kill()
    if (this.#folder) rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** A port that is free now, for a program that is told its port. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** Waits until the process answers there, with whatever status. */
export async function answers(process, url, timeoutMs = READY_MS) {
  const until = Date.now() + timeoutMs
  for (;;) {
    if (process.ended) throw new Error(`it ended before ${url} answered`)
    const response = await fetch(url).catch(() => undefined)
    await response?.arrayBuffer()
    if (response) return
    if (Date.now() > until) throw new Error(`${url} does not answer`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
