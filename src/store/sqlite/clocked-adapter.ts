import { SqliteAdapter } from 'kysely'
import type { Ms } from '../../core/clock.ts'

/** SQLite has no clock but the host's: whoever has the database has its clock, too. */
export class ClockedSqliteAdapter extends SqliteAdapter {
  /** Epoch ms that do not jump (`steadyNow`). */
  readonly now: () => Ms

  constructor(now: () => Ms) {
    super()
    this.now = now
  }
}
