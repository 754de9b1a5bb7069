import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Clock } from '../../core/clock.ts'
import { Failure } from '../../core/failure.ts'
import { makeFolder } from '../../core/make-folder.ts'
import { sqliteFailure } from './sqlite-failure.ts'
import { SqliteWorker, type SqliteWorkerOptions } from './sqlite-worker.ts'

/** `toll` in ASCII: what `file` and other programs know our files by (PRAGMA application_id). */
const APPLICATION_ID = 0x746f6c6c
const MAGIC = 'SQLite format 3\0'
/** A larger file's ledger is not read through at each start; its other tables are. */
const CHECKED_WHOLE_BYTES = 128 * 1024 * 1024
/** How long a connection waits for another process to let go of the file. */
const BUSY_MS = 2000
const RETRY_MS = 20

/** Hashes of keys and the ledger are the owner's alone. SQLite gives its -wal and -shm the mode of the file. */
const MODE = 0o600

/** What the file keeps; setting it takes the lock for writing. */
const OF_FILE = [
  // Only of a new file. Half as many pages of indexes are split: a tenth less for each row of the ledger.
  'page_size = 8192',
  `application_id = ${APPLICATION_ID}`,
  'journal_mode = wal',
]
/** 16 MiB of pages in memory; a checkpoint after as many in the log; the log is cut to 64 MiB after a large one. */
const OF_CONNECTION = [
  'synchronous = normal',
  'foreign_keys = on',
  'temp_store = memory',
  'cache_size = -16384',
  'wal_autocheckpoint = 2000',
  'journal_size_limit = 67108864',
]

/** Opens a connection, once it is sure that the file is ours and sound. A corrupt or foreign file is left as it is. */
export async function openSqlite(options: SqliteWorkerOptions): Promise<SqliteWorker> {
  const size = options.path === ':memory:' ? 0 : prepareFile(options.path)
  const worker = new SqliteWorker(options)
  try {
    await worker.run(`pragma busy_timeout = ${BUSY_MS}`)
    if (size > 0) await checkFile(worker, options.path, size)
    await setOfFile(worker, options.clock)
    await set(worker, OF_CONNECTION)
    return worker
  } catch (error) {
    await worker.close()
    throw error
  }
}

/** Another connection to a file that `openSqlite` has seen to. */
export async function openSecond(options: SqliteWorkerOptions): Promise<SqliteWorker> {
  const worker = new SqliteWorker(options)
  try {
    await worker.run(`pragma busy_timeout = ${BUSY_MS}`)
    await set(worker, OF_CONNECTION)
    return worker
  } catch (error) {
    await worker.close()
    throw error
  }
}

/** Two that begin a new file at once both want it for themselves, and SQLite refuses one of them without any wait. */
async function setOfFile(worker: SqliteWorker, clock: Clock): Promise<void> {
  const until = clock.monotonic() + BUSY_MS
  for (;;) {
    try {
      return await set(worker, OF_FILE)
    } catch (error) {
      const isBusy = error instanceof Failure && error.code === 'store_busy'
      if (!isBusy || clock.monotonic() >= until) throw error
      await new Promise<void>(resolve => void clock.after(RETRY_MS, resolve))
    }
  }
}

async function set(worker: SqliteWorker, pragmas: readonly string[]): Promise<void> {
  for (const pragma of pragmas) await worker.run(`pragma ${pragma}`)
}

/** Makes the folder and a new file, and says how large the file is: 0 when it is new. */
function prepareFile(path: string): number {
  try {
    makeFolder(dirname(path))
    const size = statSync(path, { throwIfNoEntry: false })?.size
    if (size === undefined) {
      closeSync(openSync(path, 'a', MODE))
      return 0
    }
    if (size > 0 && firstBytes(path) !== MAGIC)
      throw sqliteFailure({ message: 'its first bytes differ', code: 26 }, path)
    return size
  } catch (error) {
    if (error instanceof Failure) throw error
    const message = error instanceof Error ? error.message : String(error)
    throw new Failure(
      'unavailable',
      `The store ${path} could not be opened: ${message}. Name a file in a folder that this user may write`,
      { cause: error, code: 'store_not_opened' },
    )
  }
}

function firstBytes(path: string): string {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(MAGIC.length)
    readSync(file, bytes, 0, bytes.length, 0)
    return bytes.toString('latin1')
  } finally {
    closeSync(file)
  }
}

async function checkFile(worker: SqliteWorker, path: string, size: number): Promise<void> {
  const { rows: tables } = await worker.run(`select name from sqlite_master where type = 'table'`)
  const names = tables.map(({ name }) => String(name))
  if (names.length > 0 && !names.includes('tollgate_migrations'))
    throw new Failure('unavailable', `The store ${path} is a database of another program: name another file`, {
      code: 'store_foreign',
    })
  const checks =
    size <= CHECKED_WHOLE_BYTES
      ? ['pragma quick_check(1)']
      : names.filter(name => name !== 'ledger').map(name => `pragma quick_check("${name}")`)
  for (const check of checks) {
    const { rows } = await worker.run(check)
    const said = Object.values(rows[0] ?? {}).join()
    if (said !== 'ok') throw sqliteFailure({ message: said, code: 11 }, path)
  }
}
