import {
  CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type QueryResult,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { Ms } from '../../core/clock.ts'
import { Failure } from '../../core/failure.ts'
import type { Turns } from '../turns.ts'
import { ClockedSqliteAdapter } from './clocked-adapter.ts'
import { EachRow } from './each-row.ts'
import { type SqliteWorker, TIMED_OUT } from './sqlite-worker.ts'

export interface SqliteDialectOptions {
  /** Asked by the first statement. The worker is closed with the driver. */
  readonly open: () => SqliteWorker | Promise<SqliteWorker>
  /** Whoever uses the worker takes turns. */
  readonly turns: Turns
  readonly now: () => Ms
}

/** Kysely's way to a worker. */
export class SqliteWorkerDialect implements Dialect {
  readonly #options: SqliteDialectOptions

  constructor(options: SqliteDialectOptions) {
    this.#options = options
  }

  createDriver(): Driver {
    return new WorkerDriver(this.#options)
  }

  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler()
  }

  createAdapter(): DialectAdapter {
    return new ClockedSqliteAdapter(this.#options.now)
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new SqliteIntrospector(db)
  }
}

class WorkerDriver implements Driver {
  readonly #turns: Turns
  readonly #open: () => SqliteWorker | Promise<SqliteWorker>
  /** Kysely calls `init` before anything else. */
  #connection!: WorkerConnection

  constructor({ open, turns }: SqliteDialectOptions) {
    this.#turns = turns
    this.#open = open
  }

  async init(): Promise<void> {
    this.#connection = new WorkerConnection(await this.#open())
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    await this.#turns.begin()
    return this.#connection
  }

  /** Not the default, which takes the lock for writing late and then fails where another has it. */
  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    try {
      await connection.executeQuery(CompiledQuery.raw('begin immediate'))
    } catch (error) {
      // The thread still waits for the lock and may get it. What comes next to the thread is done after this.
      if (error instanceof Failure && error.code === TIMED_OUT) this.rollbackTransaction(connection).catch(() => {})
      throw error
    }
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'))
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'))
  }

  async releaseConnection(): Promise<void> {
    this.#turns.end()
  }

  async destroy(): Promise<void> {
    await this.#connection.close()
  }
}

class WorkerConnection implements DatabaseConnection {
  readonly #worker: SqliteWorker

  constructor(worker: SqliteWorker) {
    this.#worker = worker
  }

  close(): Promise<void> {
    return this.#worker.close()
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const [first] = parameters
    const { rows, changes } = await (first instanceof EachRow
      ? this.#worker.runEach(sql, first)
      : this.#worker.run(sql, parameters))
    return { rows: rows as Row[], numAffectedRows: BigInt(changes) }
  }

  /** Whole answers only: a statement that is read piece by piece would hold everybody's turn. */
  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    yield await this.executeQuery<Row>(query)
  }
}
