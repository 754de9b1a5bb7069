import { Worker } from 'node:worker_threads'
import type { Clock, Ms, Timer } from '../../core/clock.ts'
import { Failure } from '../../core/failure.ts'
import type { GatheredRows } from '../gathered-rows.ts'
import type { EachRow } from './each-row.ts'
import { sqliteFailure } from './sqlite-failure.ts'

export interface SqliteWorkerOptions {
  /** `:memory:`, or an absolute path. */
  readonly path: string
  readonly clock: Clock
  /** A statement that takes longer is given up; it may still come to its end. */
  readonly statementTimeoutMs: Ms
}

export interface StatementResult {
  readonly rows: Record<string, unknown>[]
  /** Rows that were changed, or that came back. */
  readonly changes: number
}

/** Without a statement: the end. */
interface Message {
  readonly sql?: string
  readonly parameters?: readonly unknown[]
  readonly each?: GatheredRows & { readonly columns: readonly string[] }
}

interface Reply extends Partial<StatementResult> {
  readonly id: number
  readonly error?: { readonly message: string; readonly code: number | undefined }
}

interface Waiting {
  readonly resolve: (result: StatementResult) => void
  readonly reject: (failure: Failure) => void
  readonly timer: Timer
}

/** The code of the Failure for a statement that was given up. */
export const TIMED_OUT = 'store_timed_out'

/** A connection in a worker thread, so that no statement blocks the event loop. Statements are done in order. */
export class SqliteWorker {
  readonly #options: SqliteWorkerOptions
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #count = 0
  #gone: Failure | undefined

  constructor(options: SqliteWorkerOptions) {
    this.#options = options
    this.#worker = new Worker(new URL('./sqlite-worker.mjs', import.meta.url), {
      workerData: { path: options.path },
      // What the process was started with (coverage, loaders) is not for it.
      execArgv: [],
    })
    this.#worker.unref()
    this.#worker.on('message', (reply: Reply) => this.#settle(reply))
    this.#worker.on('error', error => this.#end(error))
    this.#worker.on('exit', () => this.#end(undefined))
  }

  run(sql: string, parameters: readonly unknown[] = []): Promise<StatementResult> {
    return this.#send({ sql, parameters })
  }

  /** Runs a statement for each of many rows. Gives back the places of those that changed nothing. */
  runEach(sql: string, { columns, rows }: EachRow): Promise<StatementResult> {
    return this.#send({ sql, each: { columns, ...rows } })
  }

  /** @throws Failure when it is closed, or has ended by itself. */
  requireOpen(): void {
    if (this.#gone) throw this.#gone
  }

  async close(): Promise<void> {
    if (this.#gone) return
    await this.#send({}).catch(() => undefined)
    await this.#worker.terminate()
  }

  #send(message: Message): Promise<StatementResult> {
    if (this.#gone) return Promise.reject(this.#gone)
    const id = ++this.#count
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.after(this.#options.statementTimeoutMs, () => this.#giveUp(id))
      this.#waiting.set(id, { resolve, reject, timer })
      // While somebody waits for it, the process may not end.
      if (this.#waiting.size === 1) this.#worker.ref()
      this.#worker.postMessage({ id, ...message })
    })
  }

  #settle({ id, rows, changes, error }: Reply): void {
    const waiting = this.#take(id)
    if (!waiting) return
    if (error) waiting.reject(sqliteFailure(error, this.#options.path))
    else waiting.resolve({ rows: rows ?? [], changes: changes ?? 0 })
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    waiting?.timer.cancel()
    if (this.#waiting.size === 0) this.#worker.unref()
    return waiting
  }

  #giveUp(id: number): void {
    const { path, statementTimeoutMs } = this.#options
    this.#take(id)?.reject(
      new Failure('unavailable', `The store ${path} did not answer within ${statementTimeoutMs} ms`, {
        code: TIMED_OUT,
      }),
    )
  }

  #end(error: Error | undefined): void {
    const why = error ? `: ${error.message}` : ''
    this.#gone ??= new Failure('unavailable', `The store ${this.#options.path} is closed${why}`, {
      cause: error,
      code: 'store_closed',
    })
    for (const id of [...this.#waiting.keys()]) this.#take(id)?.reject(this.#gone)
  }
}
