import { expect, test } from 'vitest'
import { startPostgres } from '../../test/support/postgres.ts'
import { Secret } from '../core/secret.ts'
import { openStore } from './open-store.ts'

test('sqlite opens', async () => {
  const store = await openStore({ kind: 'memory' })
  expect(await store.db.selectFrom('keys').selectAll().execute()).toEqual([])
  await store.authority.join({ id: 'r', host: 'h', pid: 1, leaseMs: 1000 })
  const terms = { id: 'key|a', level: 'key' as const, subject: 'a', period: 'day', limit: 1000n }
  console.log(await store.authority.lease('r', [[{ terms, need: 10n, want: 100n }]]))
  console.log(await store.authority.pulse('r', 1000))
  await store.close()
})

test('pg opens', async () => {
  const pg = await startPostgres()
  const store = await openStore({
    kind: 'postgres',
    url: new Secret(pg.url),
    poolSize: 5,
    connectTimeoutMs: 5000,
    statementTimeoutMs: 5000,
  })
  expect(await store.db.selectFrom('keys').selectAll().execute()).toEqual([])
  await store.authority.join({ id: 'r', host: 'h', pid: 1, leaseMs: 1000 })
  const terms = { id: 'key|a', level: 'key' as const, subject: 'a', period: 'day', limit: 1000n }
  console.log(await store.authority.lease('r', [[{ terms, need: 10n, want: 100n }]]))
  console.log(await store.authority.pulse('r', 1000))
  await store.close()
  await pg.stop()
})
