import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import type { Ms } from '../../src/core/clock.ts'
import { Secret } from '../../src/core/secret.ts'
import type { Authority, Change } from '../../src/ledger/authority.ts'
import { MemoryAuthority } from '../../src/ledger/memory-authority.ts'
import { setSpent } from '../../src/store/budgets.ts'
import { noteChanges } from '../../src/store/changes.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { FakeClock } from '../../src/testing/fake-clock.ts'
import { startPostgres, type TestPostgres } from './postgres.ts'

/** An authority whose time stands still until it is told to pass. */
export interface AuthorityUnderTest {
  readonly authority: Authority
  /** Where there is one. */
  readonly store: Store | undefined
  pass(ms: Ms): Promise<void>
  note(change: Change): Promise<void>
  setSpent(id: string, amount: bigint): Promise<void>
  /** Ids of the rows of the ledger. */
  rows(): Promise<string[]>
  close(): Promise<void>
}

export const START: Ms = Date.UTC(2026, 0, 15, 12)

export async function memoryAuthority(): Promise<AuthorityUnderTest> {
  const clock = new FakeClock(START)
  const authority = new MemoryAuthority({ clock, keepRows: true })
  return {
    authority,
    store: undefined,
    pass: async ms => clock.advance(ms),
    note: async change => authority.note(change),
    setSpent: async (id, amount) => authority.setSpent(id, amount),
    rows: async () => authority.rows().map(({ id }) => id),
    close: () => authority.close(),
  }
}

export async function sqliteAuthority(): Promise<AuthorityUnderTest> {
  const clock = new FakeClock(START)
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-store-'))
  const store = await openStore({ kind: 'sqlite', path: join(folder, 'store.db') }, { clock })
  return {
    ...ofStore(store),
    pass: async ms => clock.advance(ms),
    close: async () => {
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** With a server of its own, unless one is given. */
export async function postgresAuthority(given?: TestPostgres): Promise<AuthorityUnderTest> {
  const postgres = given ?? (await startPostgres())
  const url = await postgres.database()
  standStill(postgres, url)
  const store = await openStore(postgresSettings(url))
  return {
    ...ofStore(store),
    pass: async ms => {
      await sql`update stopped.moment set at = at + cast(${ms} as bigint)`.execute(store.db)
    },
    close: async () => {
      await store.close()
      if (!given) await postgres.stop()
    },
  }
}

export function postgresSettings(url: string) {
  return {
    kind: 'postgres' as const,
    url: new Secret(url),
    poolSize: 10,
    connectTimeoutMs: 5000,
    statementTimeoutMs: 10_000,
  }
}

/** PostgreSQL's clock, for one database: our function of the same name is found before its own. */
function standStill(postgres: TestPostgres, url: string): void {
  const name = new URL(url).pathname.slice(1)
  postgres.sql(
    `create schema stopped;
     create table stopped.moment (at bigint not null);
     insert into stopped.moment values (${START});
     create function stopped.clock_timestamp() returns timestamptz language sql volatile
       as 'select to_timestamp(at / 1000.0) from stopped.moment';
     alter database ${name} set search_path = public, stopped, pg_catalog`,
    url,
  )
}

function ofStore(store: Store) {
  return {
    authority: store.authority,
    store,
    note: async (change: Change) => noteChanges(store.db, await store.now(), [change]),
    setSpent: async (id: string, amount: bigint) => {
      await setSpent(store.db, await store.now(), id, amount)
    },
    rows: async () => {
      const rows = await store.db.selectFrom('ledger').select('id').orderBy('id').execute()
      return rows.map(({ id }) => id)
    },
  }
}
