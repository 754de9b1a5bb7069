// Starts the processes of a measurement, each on its own, and ends them with it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

const READY_MS = 20_000
const here = name => fileURLToPath(new URL(name, import.meta.url))

export class Process {
  #child

  /** Standard error is shown; standard output is dropped, as a log collector would take it elsewhere. */
  constructor(script, { args = [], env = {}, flags = [] } = {}) {
    const command = [...flags, '--import', new URL('child.mjs', import.meta.url).href, script, ...args]
    this.#child = spawn(process.execPath, command, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.#child.on('exit', code => {
      if (code) console.error(`${script} ended with status ${code}`)
    })
  }

  /** The next message that has that member. */
  async next(member, timeoutMs = READY_MS) {
    const signal = AbortSignal.timeout(timeoutMs)
    for (;;) {
      if (this.ended) throw new Error('the process has ended')
      const [message] = await once(this.#child, 'message', { signal })
      if (message.error) throw new Error(message.error)
      if (member in message) return message[member]
    }
  }

  /** CPU time so far, in microseconds, and memory. */
  usage() {
    const answer = this.next('usage')
    this.#child.send('usage')
    return answer
  }

  run(job) {
    const answer = this.next('result', job.durationMs + READY_MS)
    this.#child.send({ job })
    return answer
  }

  get ended() {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  async stop() {
    if (this.ended) return
    const exit = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5_000)
    await exit
    clearTimeout(timer)
  }
}

/** One of our own servers; its port is known once it listens. */
export async function startServer(name, env) {
  const server = new Process(here(name), { env })
  return { process: server, port: await server.next('port') }
}

export async function startLoad() {
  const load = new Process(here('load.mjs'))
  // A job that came before its listener would be lost.
  await load.next('ready')
  return load
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

/** Waits until the process answers there. */
export async function ready(process, url) {
  const until = Date.now() + READY_MS
  for (;;) {
    if (process.ended) throw new Error('the process has ended')
    const response = await fetch(url).catch(() => undefined)
    await response?.arrayBuffer()
    if (response?.ok) return
    if (Date.now() > until) throw new Error(`${url} does not answer`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
