import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../../src/core/json.ts'
import { type Child, root, startNode } from './child.ts'
import { post, type RawAnswer, raw } from './raw.ts'
import { fresh, type Stage } from './stage.ts'

/** Very long: no test file lives so long. */
const LIFE_MS = 900_000

export interface ReplicasOptions {
  /** `model_list`, as text: see `modelList`. */
  readonly models: string
  /** `serve` processes. Default 1. */
  readonly count?: number
  /** `serve --workers`, at each of them. Default: not given. */
  readonly workers?: number
  /** Where money is kept: `postgres://...`. Default: an SQLite file that all of them have in common. */
  readonly database?: string
  /** Redis, for what they count together. */
  readonly redisUrl?: string
  /** More of the configuration's sections, such as `{ router_settings: { num_retries: 0 } }`. */
  readonly sections?: Readonly<Record<string, JsonObject>>
  readonly env?: Readonly<Record<string, string>>
}

/** `tollgate serve` processes with one store, each with a journal of its own that outlives it. End with the stage. */
export class Replicas {
  /** The master key of all. */
  readonly master: string = fresh('sk-master-')
  readonly all: readonly Replica[]
  /** The SQLite file, where there is one. */
  readonly file: string | undefined

  private constructor(stage: Stage, options: ReplicasOptions) {
    const { count = 1, database } = options
    this.file = database === undefined ? join(stage.folder(), 'tollgate.db') : undefined
    const store = { master: this.master, file: this.file }
    this.all = Array.from({ length: count }, () => new Replica(stage.folder(), { ...options, ...store }))
  }

  /** Starts them; the code must have been built (`ensureBuilt`). */
  static async start(stage: Stage, options: ReplicasOptions): Promise<Replicas> {
    const replicas = new Replicas(stage, options)
    stage.later(() => Promise.all(replicas.all.map(replica => replica.kill())))
    // The first one makes the tables.
    for (const replica of replicas.all.slice(0, 1)) await replica.start()
    await Promise.all(replicas.all.slice(1).map(replica => replica.start()))
    return replicas
  }

  /** One of them; counts on past the end, so that `at(n)` for n = 0, 1, 2, ... takes them in turn. */
  at(index: number): Replica {
    const replica = this.all[index % this.all.length]
    if (!replica) throw new Error('there are no replicas')
    return replica
  }

  /** Asks the management API of one of them as the administrator: POST with a body, else GET. Throws unless it says 200. */
  async manage(path: string, body?: JsonObject, index = 0): Promise<Record<string, never>> {
    const answer = await this.at(index).ask(path, body, this.master)
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`)
    return JSON.parse(answer.text)
  }

  /** A new key with these fields, by `/key/generate` at one of them. */
  async key(fields: JsonObject = {}, index = 0): Promise<string> {
    return String((await this.manage('/key/generate', fields, index)).key)
  }

  /** Ends all in an orderly way, so that everything is in the store. Gives the exit codes. */
  stop(): Promise<(number | null)[]> {
    return Promise.all(this.all.map(replica => replica.stop()))
  }
}

/** One `tollgate serve`, which can be killed and started again with the same configuration and journal. */
export class Replica {
  /** Where its configuration and its journal are. */
  readonly folder: string
  readonly journal: string
  readonly #args: readonly string[]
  readonly #env: Readonly<Record<string, string>>
  #running: { readonly child: Child; readonly url: string } | undefined
  #printed = ''
  #said = ''

  constructor(
    folder: string,
    options: ReplicasOptions & { readonly master: string; readonly file: string | undefined },
  ) {
    this.folder = folder
    this.journal = join(folder, 'journal')
    const config = join(folder, 'config.yaml')
    writeFileSync(config, options.models + sectionsOf(options, this.journal))
    const workers = options.workers === undefined ? [] : ['--workers', String(options.workers)]
    const serve = ['serve', '--config', config, '--port', '0', '--log', 'none', ...workers]
    this.#args = [join(root, 'bin', 'tollgate.js'), ...serve]
    this.#env = options.env ?? {}
  }

  /** `http://127.0.0.1:PORT`: another one after each start. */
  get url(): string {
    return this.#alive().url
  }

  get pid(): number {
    return this.#alive().child.pid
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  /** What all its processes so far have printed to standard error. */
  get warnings(): string {
    return this.#printed + (this.#running?.child.stderr() ?? '')
  }

  /** What all its processes so far have printed anywhere. */
  get output(): string {
    return this.warnings + this.#said + (this.#running?.child.stdout() ?? '')
  }

  /** Starts it, and waits until it listens. */
  async start(): Promise<void> {
    const child = startNode(this.#args, this.#env, LIFE_MS)
    // Who waits for its end hears of it; nobody else does.
    child.exited.catch(() => undefined)
    try {
      const [, url = ''] = await child.printed(/listens on \S*?(http:\/\/127\.0\.0\.1:\d+)/)
      this.#running = { child, url }
    } catch (error) {
      child.signal('SIGKILL')
      throw error
    }
  }

  /** SIGKILL, its workers too: nothing is finished or handed in. Does nothing when it does not run. */
  async kill(): Promise<void> {
    const { child } = this.#running ?? {}
    if (!child) return
    for (const pid of this.workers()) killProcess(pid)
    child.signal('SIGKILL')
    await this.#ended(child)
  }

  /** SIGTERM: it finishes and hands in. Gives the exit code. */
  async stop(): Promise<number | null> {
    const { child } = this.#alive()
    child.signal('SIGTERM')
    return this.#ended(child)
  }

  /** SIGSTOP (`true`) or SIGCONT (`false`): it stands still and goes on. */
  pause(stands: boolean): void {
    for (const pid of [this.pid, ...this.workers()]) process.kill(pid, stands ? 'SIGSTOP' : 'SIGCONT')
  }

  /** The processes of its workers. */
  workers(): number[] {
    return childrenOf(this.pid)
  }

  /** POST with a body, else GET; on a connection of its own, which workers get in turn. */
  ask(path: string, body: object | undefined, key: string): Promise<RawAnswer> {
    const headers = { authorization: `Bearer ${key}` }
    return body === undefined ? raw(this.url + path, { method: 'GET', headers }) : post(this.url + path, body, headers)
  }

  /** A chat call. Rejects when the connection breaks off. */
  chat(key: string, body: object): Promise<RawAnswer> {
    return this.ask('/v1/chat/completions', body, key)
  }

  #alive() {
    if (!this.#running) throw new Error('the replica does not run')
    return this.#running
  }

  async #ended(child: Child): Promise<number | null> {
    this.#running = undefined
    const code = await child.exited
    this.#printed += child.stderr()
    this.#said += child.stdout()
    return code
  }
}

/** The sections of a configuration in YAML's flow style, which is JSON. */
function sectionsOf(
  { sections = {}, database, redisUrl, file, master }: ConstructorParameters<typeof Replica>[1],
  journal: string,
): string {
  const { general_settings, router_settings, tollgate_settings, ...others } = sections
  const { budgets, ...own } = tollgate_settings ?? {}
  const all = {
    ...others,
    general_settings: {
      master_key: master,
      ...(database !== undefined && { database_url: database }),
      ...general_settings,
    },
    router_settings: {
      num_retries: 0,
      disable_cooldowns: true,
      ...(redisUrl !== undefined && { redis_url: redisUrl }),
      ...router_settings,
    },
    tollgate_settings: {
      ...(file !== undefined && { store: file }),
      telemetry: { traces: { exporter: 'none' } },
      ...own,
      budgets: { journal, ...(budgets as JsonObject | undefined) },
    },
  }
  return Object.entries(all)
    .map(([name, section]) => `${name}: ${JSON.stringify(section)}\n`)
    .join('')
}

function childrenOf(pid: number): number[] {
  try {
    const printed = execFileSync('ps', ['-o', 'pid=', '--ppid', `${pid}`], { encoding: 'utf8' })
    return printed.trim().split(/\s+/).map(Number)
  } catch {
    // There are none.
    return []
  }
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}
