import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import { type CustomTypesConfig, Pool, type PoolClient, types } from 'pg'
import { Failure } from '../../core/failure.ts'
import type { PostgresSettings } from './open-postgres-store.ts'
import { breaksConnection, postgresFailure } from './postgres-failure.ts'

/** More may not wait for a connection. */
const WAITING_AT_MOST = 10_000
/** How much longer than the server we wait, before we call the network dead. */
const GRACE_MS = 2000
const INT8 = 20
const NUMERIC = 1700

/** Connections to PostgreSQL, no more than so many, and no wait without an end. */
export class BoundedPool implements PostgresPool {
  readonly #pool: Pool
  readonly #failure: (error: unknown) => Failure

  constructor(settings: PostgresSettings, warn: (message: string) => void) {
    const { url, poolSize, connectTimeoutMs, statementTimeoutMs } = settings
    const place = placeOf(url.reveal())
    this.#failure = error => postgresFailure(error, place, url)
    this.#pool = new Pool({
      connectionString: url.reveal(),
      max: poolSize,
      // For a connection of the pool, and for a new one.
      connectionTimeoutMillis: connectTimeoutMs,
      statement_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: statementTimeoutMs,
      query_timeout: statementTimeoutMs + GRACE_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      application_name: 'tollgate',
      types: exactTypes,
    })
    // Without a listener, a connection that breaks while it is idle ends the process.
    this.#pool.on('error', error => warn(this.#failure(error).message))
  }

  async connect(): Promise<PostgresPoolClient> {
    if (this.#pool.waitingCount >= WAITING_AT_MOST)
      throw new Failure('unavailable', `The store is too busy: ${WAITING_AT_MOST} wait for it`, { code: 'store_busy' })
    try {
      return new Client(await this.#pool.connect(), this.#failure)
    } catch (error) {
      throw this.#failure(error)
    }
  }

  end(): Promise<void> {
    return this.#pool.end()
  }
}

/** A connection on loan. Once it has failed in a way that leaves doubt, it does not go back to the pool. */
class Client implements PostgresPoolClient {
  readonly #client: PoolClient
  readonly #failure: (error: unknown) => Failure
  #broken: Error | undefined

  constructor(client: PoolClient, failure: (error: unknown) => Failure) {
    this.#client = client
    this.#failure = failure
    // It may break between two statements, too.
    client.on('error', this.#breaks)
  }

  query<Row>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>>
  query<Row>(cursor: PostgresCursor<Row>): PostgresCursor<Row>
  /** Always a text: Kysely gives a cursor only where one is configured. */
  query(sql: unknown, parameters: readonly unknown[] = []): unknown {
    return this.#run(String(sql), [...parameters])
  }

  release(): void {
    this.#client.off('error', this.#breaks)
    this.#client.release(this.#broken)
  }

  async #run(sql: string, parameters: unknown[]): Promise<unknown> {
    // A rollback on a connection that is gone would only wait: without the connection there is nothing to roll back.
    if (this.#broken) throw this.#failure(this.#broken)
    try {
      return await this.#client.query(sql, parameters)
    } catch (error) {
      if (breaksConnection(error)) this.#breaks(error instanceof Error ? error : new Error(String(error)))
      throw this.#failure(error)
    }
  }

  #breaks = (error: Error): void => {
    this.#broken ??= error
  }
}

/** Integers of 64 bits, and sums of them, as bigint; numbers with decimals (averages) as numbers. */
const exactTypes: CustomTypesConfig = {
  getTypeParser: (id: number, format?: string) => {
    if (format === 'binary') return types.getTypeParser(id, 'binary')
    if (id === INT8) return BigInt
    if (id === NUMERIC) return (text: string) => (/^-?\d+$/.test(text) ? BigInt(text) : Number(text))
    return types.getTypeParser(id)
  },
} as CustomTypesConfig

/** Host, port and database: never the user or the password. */
function placeOf(url: string): string {
  try {
    const { host, pathname } = new URL(url)
    return `postgres://${host}${pathname}`
  } catch {
    throw new Failure('invalid_request', 'The store URL is not a URL: postgres://user:password@host:5432/database', {
      code: 'store_url',
    })
  }
}
