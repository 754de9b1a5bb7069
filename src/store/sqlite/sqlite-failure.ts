import { Failure } from '../../core/failure.ts'

interface Explanation {
  readonly code: string
  readonly what: string
}

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html) that a person can do something about. */
const EXPLANATIONS: Readonly<Record<number, Explanation>> = {
  3: { code: 'store_forbidden', what: 'may not be opened: give this user the right to read and write it' },
  5: { code: 'store_busy', what: 'is locked by another process: stop it, or use PostgreSQL for several replicas' },
  6: { code: 'store_busy', what: 'is locked by another connection: try again' },
  8: { code: 'store_read_only', what: 'cannot be written: give this user the right to write it and its folder' },
  10: { code: 'store_disk_failed', what: 'could not be read or written: look at the disk' },
  11: { code: 'store_corrupt', what: 'is corrupt: put it aside and restore a backup (nothing was written to it)' },
  13: { code: 'store_full', what: 'cannot grow: the disk is full' },
  14: { code: 'store_not_opened', what: 'could not be opened: its folder must exist and be writable' },
  26: { code: 'store_foreign', what: 'is not an SQLite database: put it aside, or name another file' },
}

/** What an error of SQLite means for who runs tollgate. */
export function sqliteFailure(error: { message: string; code: number | undefined }, path: string): Failure {
  const known = error.code === undefined ? undefined : EXPLANATIONS[error.code]
  if (known)
    return new Failure('unavailable', `The store ${path} ${known.what} (${error.message})`, { code: known.code })
  const code = error.code === 19 ? 'store_constraint' : 'store_failed'
  return new Failure('internal', `The store ${path}: ${error.message}`, { code })
}
