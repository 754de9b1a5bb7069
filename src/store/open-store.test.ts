import { createHash } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { postgresSettings } from '../../test/support/authorities.ts'
import { ledgerRecord, ledgerRow } from '../../test/support/ledger-row.ts'
import { hasPostgres, startPostgres, type TestPostgres } from '../../test/support/postgres.ts'
import { systemClock } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'
import type { StoreSettings } from '../core/money-settings.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { noteAudits } from './audit.ts'
import { migrate, openStore } from './open-store.ts'
import { SqliteWorker } from './sqlite/sqlite-worker.ts'

const STEPS = ['0001-tables', '0002-usage-details']

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-open-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function sqlite(name = 'store.db'): StoreSettings & { path: string } {
  return { kind: 'sqlite', path: join(folder, name) }
}

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(Failure)
  return error as Failure
}

/** Another program at the same file. */
async function other<Result>(path: string, work: (worker: SqliteWorker) => Promise<Result>): Promise<Result> {
  const worker = new SqliteWorker({ path, clock: systemClock, statementTimeoutMs: 10_000 })
  try {
    return await work(worker)
  } finally {
    await worker.close()
  }
}

describe('SQLite file', () => {
  test('makes its folder, keeps what was written, and tells what it did to the tables', async () => {
    const settings = sqlite('deep/down/store.db')
    expect(await migrate(settings)).toEqual({ done: STEPS, before: [] })
    const store = await openStore(settings)
    await store.db.insertInto('meta').values({ name: 'pepper', value: 'x' }).execute()
    await store.close()
    expect(await migrate(settings)).toEqual({ done: [], before: STEPS })
    const again = await openStore(settings)
    const kept = again.db.selectFrom('meta').selectAll().where('name', '=', 'pepper')
    expect(await kept.execute()).toEqual([{ name: 'pepper', value: 'x' }])
    await again.close()
  })

  test.skipIf(process.platform === 'win32')('makes files that only their owner reads', async () => {
    const settings = sqlite()
    const store = await openStore(settings)
    for (const end of ['', '-wal', '-shm']) expect(statSync(settings.path + end).mode & 0o777).toBe(0o600)
    await store.close()
    chmodSync(settings.path, 0o640)
    await (await openStore(settings)).close()
    expect(statSync(settings.path).mode & 0o777).toBe(0o640)
  })

  test('goes by the clock of who uses it already, though the host clock was set meanwhile', async () => {
    const [early, late] = [new FakeClock(1_000_000), new FakeClock(90_000_000)]
    const machine = { boot: 'b', monotonic: () => early.monotonic() }
    const open = (clock: FakeClock, boot = 'b') => openStore(sqlite(), { clock, machine: { ...machine, boot } })
    const first = await open(early)
    await first.authority.join({ id: 'R1', host: 'h', pid: 1, leaseMs: 10_000 })
    early.advance(9_000)
    const second = await open(late)
    expect(await second.now()).toBe(1_009_000)
    expect(await second.authority.dead()).toEqual([])
    // Where nobody lives, it is the host's; and so it is after another start of the machine, whose clock began anew.
    early.advance(2_000)
    const alone = await open(late)
    expect(await alone.now()).toBe(90_000_000)
    await alone.authority.join({ id: 'R2', host: 'h', pid: 2, leaseMs: 10_000 })
    const restarted = await open(new FakeClock(5_000_000), 'c')
    expect(await restarted.now()).toBe(5_000_000)
    for (const store of [first, second, alone, restarted]) await store.close()
  })

  test('several that open a new file at once', async () => {
    const stores = await Promise.all([1, 2, 3, 4].map(() => openStore(sqlite())))
    const counts = await Promise.all(stores.map(store => store.db.selectFrom('keys').selectAll().execute()))
    expect(counts).toEqual([[], [], [], []])
    for (const store of stores) await store.close()
  })

  test.each([
    ['a text', (path: string) => writeFileSync(path, 'model_list: []\n'.repeat(100)), 'store_foreign'],
    ['a short text', (path: string) => writeFileSync(path, 'x'), 'store_foreign'],
  ])('leaves %s as it is, and says so', async (_, make, code) => {
    const { path } = sqlite()
    make(path)
    const before = hash(path)
    const failure = await failureOf(openStore(sqlite()))
    expect(failure).toMatchObject({ kind: 'unavailable', code })
    expect(failure.message).toContain(path)
    expect(hash(path)).toBe(before)
  })

  test("leaves another program's database as it is", async () => {
    const { path } = sqlite()
    await other(path, worker => worker.run('create table bookmarks (url text)'))
    expect(await failureOf(openStore(sqlite()))).toMatchObject({ code: 'store_foreign' })
    const { rows } = await other(path, worker => worker.run('select name from sqlite_master'))
    expect(rows).toEqual([{ name: 'bookmarks' }])
  })

  test('refuses a corrupt file, and makes no new one', async () => {
    const settings = sqlite()
    const store = await openStore(settings)
    const rows = Array.from({ length: 2000 }, (_, index) => ledgerRow(`row-${index}`, 1n, []))
    await store.authority.post('r', { rows, returns: [] })
    await store.close()
    const bytes = readFileSync(settings.path)
    for (let at = 40_960; at < bytes.length; at += 4096) bytes.fill(0xa5, at, at + 64)
    writeFileSync(settings.path, bytes)
    const before = hash(settings.path)
    const failure = await failureOf(openStore(settings))
    expect(failure).toMatchObject({ kind: 'unavailable', code: 'store_corrupt' })
    expect(failure.message).toMatch(/restore a backup/)
    expect(hash(settings.path)).toBe(before)
  })

  test.each(['/proc/tollgate/store.db', '/dev/null/store.db'])('says when %s cannot be made', async path => {
    const failure = await failureOf(openStore({ kind: 'sqlite', path }))
    expect(failure).toMatchObject({ kind: 'unavailable', code: 'store_not_opened' })
    expect(failure.message).toContain(path)
  })

  test('refuses a store that a newer program has written', async () => {
    const store = await openStore(sqlite())
    await sql`insert into tollgate_migrations (name, at) values ('9999-future', 1)`.execute(store.db)
    await store.close()
    const failure = await failureOf(openStore(sqlite()))
    expect(failure).toMatchObject({ kind: 'unavailable', code: 'store_too_new' })
    expect(failure.message).toMatch(/newer tollgate.*9999-future/)
  })

  test('waits for another process no longer than it says, and goes on when it lets go', async () => {
    const store = await openStore(sqlite())
    await other(sqlite().path, async worker => {
      await worker.run('begin immediate')
      const failure = await failureOf(store.authority.define([]))
      expect(failure).toMatchObject({ kind: 'unavailable', code: 'store_busy' })
      expect(await store.db.selectFrom('budgets').selectAll().execute()).toEqual([])
      await worker.run('rollback')
    })
    await store.authority.define([])
    await store.close()
  })

  test('a transaction whose beginning was given up while it waited for another process does not stay open', async () => {
    const clock = new FakeClock()
    const store = await openStore(sqlite(), { clock })
    await other(sqlite().path, async worker => {
      await worker.run('begin immediate')
      const given = failureOf(store.authority.define([]))
      // This process stood still: its timers come before the answers.
      await clock.advanceAsync(10_000)
      expect(await given).toMatchObject({ kind: 'unavailable', code: 'store_timed_out' })
      await worker.run('rollback')
      await store.authority.define([])
      await worker.run('begin immediate')
      await worker.run('rollback')
    })
    await store.close()
  })

  test('nothing is kept without a store', async () => {
    expect(await failureOf(openStore({ kind: 'none' }))).toMatchObject({ code: 'no_store' })
  })

  test('a closed store says that it is closed', async () => {
    const store = await openStore(sqlite())
    await store.close()
    await store.close()
    await expect(store.db.selectFrom('keys').selectAll().execute()).rejects.toThrow()
  })
})

function hash(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

describe.runIf(hasPostgres())('PostgreSQL', () => {
  let postgres: TestPostgres
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres?.stop())

  test('several that open an empty database at once', async () => {
    const settings = postgresSettings(await postgres.database())
    const stores = await Promise.all([1, 2, 3, 4, 5, 6].map(() => openStore({ ...settings, poolSize: 2 })))
    for (const store of stores) expect(await store.db.selectFrom('keys').selectAll().execute()).toEqual([])
    for (const store of stores) await store.close()
    expect(await migrate(settings)).toEqual({ done: [], before: STEPS })
  })

  test('a wrong password, user, database or port is named, and no password is', async () => {
    const url = new URL(postgres.url)
    url.password = 'a-wrong-pass'
    const password = await failureOf(openStore(postgresSettings(url.href)))
    expect(password).toMatchObject({ kind: 'unavailable', code: 'store_refused_password' })
    const database = await failureOf(openStore(postgresSettings(postgres.url.replace(/postgres$/, 'nowhere'))))
    expect(database).toMatchObject({ kind: 'unavailable', code: 'store_no_database' })
    const port = await failureOf(openStore(postgresSettings(postgres.url.replace(/:\d+\//, ':1/'))))
    expect(port).toMatchObject({ kind: 'unavailable', code: 'store_unreachable' })
    expect(port.message).toContain('127.0.0.1:1/postgres')
    const nonsense = await failureOf(openStore(postgresSettings('not a url with test-password')))
    for (const failure of [password, database, port, nonsense])
      expect(JSON.stringify([failure.message, String(failure.cause)])).not.toMatch(/a-wrong-pass|test-password/)
  })

  test('refuses while the server is away, and goes on when it is back', async () => {
    const told: string[] = []
    const store = await openStore(postgresSettings(await postgres.database()), { warn: text => told.push(text) })
    const budget = { id: 'key|a', level: 'key' as const, subject: 'a', period: 'total', limit: 100n }
    const ask = () => store.authority.lease('r', [[{ terms: budget, need: 10n, want: 10n }]])
    await store.authority.join({ id: 'r', host: 'host', pid: 1, leaseMs: 600_000 })
    await ask()
    await postgres.halt('kill')
    for (let tries = 0; tries < 3; tries++) expect(await failureOf(ask())).toMatchObject({ kind: 'unavailable' })
    await postgres.resume()
    expect(await ask()).toMatchObject([{ granted: [{ amount: 10n }] }])
    expect(await store.authority.budgets(['key|a'])).toMatchObject([{ leased: 20n }])
    await store.close()
  })

  test('no statement runs longer than it may', async () => {
    const settings = { ...postgresSettings(await postgres.database()), statementTimeoutMs: 500 }
    const store = await openStore(settings)
    const failure = await failureOf(store.transaction(trx => sql`select pg_sleep(30)`.execute(trx)))
    expect(failure).toMatchObject({ kind: 'unavailable', code: 'store_timed_out' })
    await store.close()
  })

  test('a connection that is killed under work is not used again', async () => {
    const store = await openStore({ ...postgresSettings(await postgres.database()), poolSize: 1 })
    const killed = store.transaction(async trx => {
      await sql`select pg_terminate_backend(pg_backend_pid())`.execute(trx)
    })
    expect(await failureOf(killed)).toMatchObject({ kind: 'unavailable' })
    expect(await store.db.selectFrom('keys').selectAll().execute()).toEqual([])
    await store.close()
  })
})

const kinds: readonly (readonly [string, (postgres: TestPostgres | undefined) => Promise<StoreSettings>])[] = [
  ['SQLite', async () => sqlite()],
  ['SQLite in memory', async () => ({ kind: 'memory' })],
  ...(hasPostgres()
    ? [
        [
          'PostgreSQL',
          async (postgres: TestPostgres | undefined) => postgresSettings((await postgres?.database()) ?? ''),
        ] as const,
      ]
    : []),
]

describe.each(kinds)('store in %s', (name, settingsOf) => {
  let postgres: TestPostgres | undefined
  beforeAll(async () => {
    if (name === 'PostgreSQL') postgres = await startPostgres()
  })
  afterAll(() => postgres?.stop())

  test('rows of the ledger are kept as they were posted, and never change', async () => {
    const store = await openStore(await settingsOf(postgres))
    const strange = 'a\0b \ud800 c \u{1f600} "\\" {\\u0000}'
    const record = ledgerRecord({ id: 'r1', charge: '9007199254740993', cost: null, metadata: strange })
    const { provider, key_id, user_id, team_id, ...own } = record
    const shared = [{ provider }, { key_id, user_id, team_id }].map(members => JSON.stringify(members))
    const rows = [
      { id: 'r1', charge: 1n, budgets: [], text: JSON.stringify(own), shared },
      { id: 'r2', charge: 1n, budgets: [], text: JSON.stringify({ ...record, id: 'r2' }) },
      { id: 'r3', charge: 1n, budgets: [], text: JSON.stringify({ ...own, id: 'r3' }), shared: shared.slice(0, 1) },
    ]
    expect(await store.authority.post('r', { rows: rows.slice(1), returns: [] })).toMatchObject({
      written: ['r2', 'r3'],
    })
    expect(await store.authority.post('r', { rows, returns: [] })).toMatchObject({ written: ['r1'] })
    const expected = {
      ...record,
      caller: expect.any(Number),
      charge: 9_007_199_254_740_993n,
      held: 9_000_000n,
      overrun: 0n,
      metadata: 'ab \ufffd c \u{1f600} "\\" {\\u0000}',
    }
    const nobodys = { ...expected, id: 'r3', key_id: null, user_id: null, team_id: null, caller: null }
    expect(await store.db.selectFrom('ledger').selectAll().orderBy('id').execute()).toEqual([
      expected,
      { ...expected, id: 'r2' },
      nobodys,
    ])
    expect(await store.db.selectFrom('ledger_callers').select(['key_id', 'user_id', 'team_id']).execute()).toEqual([
      { key_id, user_id, team_id },
    ])
    await expect(store.db.updateTable('ledger').set({ charge: 0n }).execute()).rejects.toThrow(/never changed/)
    await expect(store.db.deleteFrom('ledger').execute()).rejects.toThrow(/never changed/)
    const { total_nano } = await store.db
      .selectFrom('ledger')
      .select(({ fn }) => fn.sum<bigint>('charge').as('total_nano'))
      .executeTakeFirstOrThrow()
    expect(total_nano).toBe(3n * 9_007_199_254_740_993n)
    await store.close()
  })

  // In memory there is one connection, and nobody else's reports; nor does it outlive an update.
  const isShared = name !== 'SQLite in memory'
  if (isShared)
    test('a store of an older release is brought up to date', async () => {
      const settings = await settingsOf(postgres)
      const older = await openStore(settings)
      await sql`alter table ledger drop column usage_details`.execute(older.db)
      await sql`delete from tollgate_migrations where name = '0002-usage-details'`.execute(older.db)
      await older.close()
      expect(await migrate(settings)).toEqual({ done: ['0002-usage-details'], before: ['0001-tables'] })
      const store = await openStore(settings)
      const details = '{"web_searches":2}'
      const text = JSON.stringify(ledgerRecord({ id: 'new', usage_details: details }))
      await store.authority.post('r', { rows: [{ id: 'new', charge: 1n, budgets: [], text }], returns: [] })
      expect(await store.db.selectFrom('ledger').select(['id', 'usage_details']).execute()).toEqual([
        { id: 'new', usage_details: details },
      ])
      await store.close()
    })

  if (isShared)
    test('reports that take long keep no call waiting', async () => {
      const store = await openStore(await settingsOf(postgres))
      const long = sql`with recursive count (n) as (select 1 union all select n + 1 from count where n < 400000)
      select count(*) from count`
      const reports = Array.from({ length: 12 }, () => long.execute(store.db))
      const asked = Promise.all([
        store.calls
          .selectFrom('keys')
          .selectAll()
          .execute()
          .then(() => 'calls'),
        store.authority.dead(),
      ])
      expect(await Promise.race([Promise.any(reports).then(() => 'a report'), asked.then(([first]) => first)])).toBe(
        'calls',
      )
      await Promise.allSettled(reports)
      await store.close()
    })

  test('a transaction that fails leaves nothing behind', async () => {
    const store = await openStore(await settingsOf(postgres))
    const broken = store.transaction(async trx => {
      await trx.insertInto('meta').values({ name: 'a', value: 'b' }).execute()
      throw new Error('on second thought')
    })
    await expect(broken).rejects.toThrow('on second thought')
    expect(await store.db.selectFrom('meta').selectAll().where('name', '=', 'a').execute()).toEqual([])
    await store.close()
  })

  test('notes who did what, and its time is a number', async () => {
    const store = await openStore(await settingsOf(postgres))
    const entry = {
      id: '1',
      at: await store.now(),
      actor: 'cli',
      on_behalf_of: null,
      action: 'key/block',
      kind: 'key',
      subject: 'k',
      before: null,
      after: '{}',
    }
    await noteAudits(store.db, [entry])
    expect(await store.db.selectFrom('audit').selectAll().execute()).toEqual([entry])
    expect(Math.abs(entry.at - Date.now())).toBeLessThan(60_000)
    await store.close()
  })
})
