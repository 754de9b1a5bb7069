import { type Clock, systemClock } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'
import type { StoreSettings } from '../core/money-settings.ts'
import type { MigrationReport } from './migrations/run-migrations.ts'
import { type MachineClock, machineClock } from './sqlite/agreed-clock.ts'
import type { Store } from './store.ts'

export interface StoreParts {
  readonly clock?: Clock
  /** By which the processes that share an SQLite file agree on the time. */
  readonly machine?: MachineClock
  /** Told what goes wrong without anybody waiting for it: a connection that breaks while it is idle. */
  readonly warn?: (message: string) => void
}

/**
 * Opens the store and brings its tables up to date. Drivers are loaded here and not before: who keeps nothing does not
 * pay for them.
 * @throws Failure that says what is wrong with the file or the server, and what to do.
 */
export async function openStore(settings: StoreSettings, parts: StoreParts = {}): Promise<Store> {
  const { store } = await opened(settings, parts)
  return store
}

/** Brings the tables up to date and closes the store again: `tollgate migrate`. */
export async function migrate(settings: StoreSettings, parts: StoreParts = {}): Promise<MigrationReport> {
  const { store, migrated } = await opened(settings, parts)
  await store.close()
  return migrated
}

async function opened(settings: StoreSettings, parts: StoreParts) {
  const { clock = systemClock, machine = machineClock, warn = () => {} } = parts
  if (settings.kind === 'none')
    throw new Failure(
      'invalid_request',
      'No store is configured: set one (SQLite or PostgreSQL) to keep keys and budgets',
      {
        code: 'no_store',
      },
    )
  if (settings.kind === 'postgres') {
    const { openPostgresStore } = await import('./postgres/open-postgres-store.ts')
    return openPostgresStore(settings, { clock, warn })
  }
  const { openSqliteStore } = await import('./sqlite/open-sqlite-store.ts')
  return openSqliteStore(settings.kind === 'memory' ? ':memory:' : settings.path, clock, machine)
}
