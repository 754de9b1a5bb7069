// One process of a measurement: started on its core, asked what it has used, ended with the measurement.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { usageOf } from './usage.mjs'

const READY_MS = 60_000
const PRELOADED = new URL('../child.mjs', import.meta.url).href

export class Process {
  #child
  #name

  /**
   * @param command the program and its arguments
   * @param options `core`: the cores for `taskset`, if any; `talks`: it has a channel to this process; `stdout`: `pipe`
   * to read it, else it is dropped, as a log collector would take it elsewhere. Standard error is shown.
   */
  constructor(name, command, { core, env = {}, talks = false, stdout = 'ignore' } = {}) {
    const [program, ...args] = core === undefined ? command : ['taskset', '-c', core, ...command]
    this.#name = name
    this.#child = spawn(program, args, {
      env: { ...process.env, ...env, BENCH_PARENT: `${process.pid}` },
      stdio: ['ignore', stdout, 'inherit', ...(talks ? ['ipc'] : [])],
      // A group of its own: an interrupt from the keyboard is for us, who end it in order, with its children.
      detached: true,
    })
    this.#child.on('error', error => console.error(`${name} could not be started: ${error.message}`))
    this.#child.on('exit', (code, signal) => {
      if (code) console.error(`${name} ended with status ${code}`)
      else if (signal && !this.stopping) console.error(`${name} was ended by ${signal}`)
    })
  }

  /** A script of ours under this Node, with `child.mjs` in it. @param flags go to Node, such as `--cpu-prof`. */
  static node(script, { args = [], flags = [], ...options } = {}) {
    const command = [process.execPath, ...flags, '--import', PRELOADED, script, ...args]
    return new Process(options.name ?? script, command, { ...options, talks: true })
  }

  get pid() {
    return this.#child.pid
  }

  get stdout() {
    return this.#child.stdout
  }

  get ended() {
    return this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** The next message that has that member. */
  async next(member, timeoutMs = READY_MS) {
    const stopped = new AbortController()
    const gone = () => stopped.abort(new Error(`${this.#name} has ended`))
    const timer = setTimeout(() => stopped.abort(new Error(`${this.#name} did not answer in time`)), timeoutMs)
    this.#child.once('exit', gone)
    try {
      if (this.ended) gone()
      for (;;) {
        const [message] = await once(this.#child, 'message', { signal: stopped.signal })
        if (message.error) throw new Error(`${this.#name}: ${message.error}`)
        if (member in message) return message[member]
      }
    } catch (error) {
      throw error?.name === 'AbortError' ? stopped.signal.reason : error
    } finally {
      clearTimeout(timer)
      this.#child.off('exit', gone)
    }
  }

  /** Sends one message and waits for the answer that has that member. */
  ask(message, member, timeoutMs) {
    const answer = this.next(member, timeoutMs)
    this.#child.send(message, () => {})
    return answer
  }

  /** CPU time so far in microseconds, and memory; of its children too, where the system tells. */
  async usage() {
    return usageOf(this.pid) ?? (await this.ask({ usage: true }, 'usage'))
  }

  async stop() {
    if (this.ended) return
    this.stopping = true
    const exit = once(this.#child, 'exit')
    this.#signal('SIGTERM')
    const timer = setTimeout(() => this.#signal('SIGKILL'), 5_000)
    await exit
    clearTimeout(timer)
    // What it started itself and left behind.
    this.#signal('SIGKILL')
  }

  /** At once, for when this process ends. */
  kill() {
    this.stopping = true
    this.#signal('SIGKILL')
  }

  #signal(signal) {
    if (this.pid === undefined) return
    try {
      process.kill(-this.pid, signal)
    } catch {
      // The whole group has ended.
    }
  }
}
