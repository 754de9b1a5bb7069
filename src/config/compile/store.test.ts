import { describe, expect, it } from 'vitest'
import { formatFinding } from '../finding.ts'
import { type LoadOptions, loadConfig } from '../load-config.ts'

function load(text: string, options: LoadOptions = {}) {
  const { settings, findings, document } = loadConfig({ text }, { env: {}, tolerant: true, serves: true, ...options })
  return {
    store: settings.store,
    document,
    lines: findings.filter(one => one.path !== 'model_list').map(one => `${one.severity} ${formatFinding(one)}`),
  }
}

const general = (url: string) => `general_settings: {database_url: "${url}"}\n`

describe('the store', () => {
  it('is an SQLite file for a gateway, and none in process, when nothing is said', () => {
    expect(load('').store).toEqual({ kind: 'sqlite', path: '.tollgate/tollgate.db' })
    expect(load('', { serves: false }).store).toEqual({ kind: 'none' })
  })

  it('is what DATABASE_URL says for a gateway, and never in process', () => {
    const env = { DATABASE_URL: 'postgres://u:w@db.local/keys' }
    expect(load('', { env }).store).toMatchObject({ kind: 'postgres' })
    expect(load('', { env, serves: false }).store).toEqual({ kind: 'none' })
    expect(load(general('sqlite:own.db'), { env }).store).toEqual({ kind: 'sqlite', path: 'own.db' })
  })

  it('takes the numbers of the database along', () => {
    const { store, lines } = load(
      `general_settings:
  database_url: os.environ/PG
  database_connection_pool_limit: 4
  database_connection_timeout: 60
  database_statement_timeout: 1.5
`,
      { env: { PG: 'postgresql://u:w@db.local:5433/keys?sslmode=require' } },
    )
    expect(store).toMatchObject({ poolSize: 4, connectTimeoutMs: 60_000, statementTimeoutMs: 1500 })
    expect(store.kind === 'postgres' && store.url.reveal()).toBe('postgresql://u:w@db.local:5433/keys?sslmode=require')
    expect(lines).toEqual([])
    expect(load(general('postgres:///keys')).store).toMatchObject({
      poolSize: 10,
      connectTimeoutMs: 5_000,
      statementTimeoutMs: 10_000,
    })
  })

  it.each([
    ['store: none', { kind: 'none' }],
    ['store: memory', { kind: 'memory' }],
    ['store: data/keys.db', { kind: 'sqlite', path: 'data/keys.db' }],
    ['store: "sqlite:/var/lib/keys.db"', { kind: 'sqlite', path: '/var/lib/keys.db' }],
    ['store: "file:keys.db?mode=rw"', { kind: 'sqlite', path: 'keys.db' }],
    ['store: "sqlite::memory:"', { kind: 'memory' }],
  ])('is %s', (said, store) => {
    const loaded = load(`tollgate_settings: {${said}}\n`, { serves: false })
    expect(loaded.store).toEqual(store)
    expect(loaded.lines).toEqual([])
  })

  it('is said once: tollgate_settings.store goes first', () => {
    const { store, lines } = load(`${general('postgres://h/db')}tollgate_settings: {store: own.db}\n`)
    expect(store).toEqual({ kind: 'sqlite', path: 'own.db' })
    expect(lines).toEqual([
      'report config.yaml:1:20 general_settings.database_url: has no effect: tollgate_settings.store goes before it; leave one of them out',
    ])
  })

  it.each([
    ['mysql://u:hunter2@h/db', 'mysql:// is not supported; expected postgres://'],
    ['prisma+postgres://u:hunter2@h/db', 'prisma+postgres:// is not supported; expected postgres://'],
    ['hunter2', 'this is no URL; expected postgres://'],
    ['postgres://u:hun/ter2@h:x/db', 'is no valid URL: characters such as # / @ : in the password must be written'],
    ['sqlite:///hunter2', 'expected sqlite:PATH or file:PATH, without slashes before the path'],
  ])('is not %s', (url, message) => {
    const { store, lines, document } = load(general(url))
    expect(store).toEqual({ kind: 'sqlite', path: '.tollgate/tollgate.db' })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(`error config.yaml:1:20 general_settings.database_url: ${message}`)
    expect(lines[0]).not.toContain('hunter2')
    expect(JSON.stringify(document)).not.toMatch(/ter2@/)
  })

  it('names the variable when that is what is wrong', () => {
    expect(load('', { env: { DATABASE_URL: 'mongodb://u:hunter2@h/db' } }).lines).toEqual([
      'error config.yaml the environment variable DATABASE_URL: mongodb:// is not supported; expected postgres://USER:PASSWORD@HOST:5432/NAME, postgresql://..., sqlite:PATH or file:PATH',
    ])
  })

  it('says that a schema in the URL has no effect', () => {
    expect(load(general('postgres://h/db?schema=llm')).lines[0]).toContain('schema= has no effect')
    expect(load(general('postgres://h/db?schema=public')).lines).toEqual([])
  })
})
