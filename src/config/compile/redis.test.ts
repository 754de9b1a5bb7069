import { describe, expect, it } from 'vitest'
import type { Environment } from '../environment.ts'
import { formatFinding } from '../finding.ts'
import { loadConfig } from '../load-config.ts'

const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'

function load(text: string, env: Environment = {}, serves = true) {
  const readFile = (path: string) => {
    if (path.endsWith('ca.pem')) return PEM
    throw new Error(`no file ${path}`)
  }
  const { settings, findings } = loadConfig({ text }, { env, readFile, tolerant: true, serves })
  const { redis } = settings
  return {
    redis,
    password: redis?.password?.reveal(),
    url: redis?.place.kind === 'url' ? redis.place.url.reveal() : undefined,
    lines: findings.filter(one => one.path !== 'model_list').map(one => `${one.severity} ${formatFinding(one)}`),
  }
}

const defaults = { db: 0, connectTimeoutMs: 2000, commandTimeoutMs: 100 }

describe('Redis', () => {
  it('is nowhere when nobody says where', () => {
    expect(load('').redis).toBeUndefined()
    expect(load('router_settings: {redis_password: x}\n').redis).toBeUndefined()
    expect(load('litellm_settings: {cache_params: {type: local, ttl: 5}}\n', { REDIS_PORT: '1' }).redis).toBeUndefined()
  })

  it('is where router_settings says', () => {
    const { redis, password, lines } = load(
      'router_settings: {redis_host: r.local, redis_port: "6380", redis_password: os.environ/W, redis_db: 2}\n',
      { W: 'hush' },
    )
    expect(redis).toEqual({
      ...defaults,
      place: { kind: 'node', host: 'r.local', port: 6380 },
      db: 2,
      password: redis?.password,
    })
    expect(password).toBe('hush')
    expect(lines).toEqual([])
    expect(load('router_settings: {redis_url: "rediss://u:w@r:1/3"}\n').url).toBe('rediss://u:w@r:1/3')
  })

  it('is where cache_params says, when router_settings does not', () => {
    const cache = `litellm_settings:
  cache_params: {type: redis, host: cache.local, password: w, ssl: true, ssl_cert_reqs: none, namespace: blue, ttl: 60}
`
    const { redis, password, lines } = load(cache)
    expect(redis).toMatchObject({
      place: { kind: 'node', host: 'cache.local', port: 6379 },
      tls: { verify: false },
      namespace: 'blue',
    })
    expect(password).toBe('w')
    expect(lines).toEqual([
      'note config.yaml:2:112 litellm_settings.cache_params.ttl: accepted, no effect yet: the response cache',
    ])
    const both = load(`${cache}router_settings: {redis_host: r.local}\n`)
    expect(both.redis?.place).toEqual({ kind: 'node', host: 'r.local', port: 6379 })
    expect(both.password).toBe('w')
  })

  it('is a cluster, or a master that sentinels know', () => {
    expect(
      load('litellm_settings: {cache_params: {type: redis, redis_startup_nodes: [{host: a, port: 7001}, {host: b}]}}\n')
        .redis?.place,
    ).toEqual({
      kind: 'cluster',
      nodes: [
        { host: 'a', port: 7001 },
        { host: 'b', port: 6379 },
      ],
    })
    const { redis } = load(
      'litellm_settings: {cache_params: {type: redis, service_name: m, sentinel_nodes: [[s1, 26380]], sentinel_password: w}}\n',
    )
    expect(redis?.place).toMatchObject({ kind: 'sentinel', service: 'm', nodes: [{ host: 's1', port: 26_380 }] })
    expect(redis?.place.kind === 'sentinel' && redis.place.sentinelPassword?.reveal()).toBe('w')
    expect(load('', { REDIS_CLUSTER_NODES: '[{"host": "c", "port": "7"}]' }).redis?.place).toEqual({
      kind: 'cluster',
      nodes: [{ host: 'c', port: 7 }],
    })
  })

  it('is where the environment says for a gateway, and in process only when the configuration asks for Redis', () => {
    const env = { REDIS_HOST: 'e.local', REDIS_PASSWORD: 'w', REDIS_SSL: 'True', REDIS_SOCKET_TIMEOUT: '0.25' }
    const { redis, password } = load('', env)
    expect(redis).toMatchObject({
      place: { kind: 'node', host: 'e.local', port: 6379 },
      tls: {},
      commandTimeoutMs: 250,
    })
    expect(password).toBe('w')
    expect(load('', env, false).redis).toBeUndefined()
    expect(load('litellm_settings: {cache_params: {type: redis}}\n', env, false).redis?.place).toMatchObject({
      host: 'e.local',
    })
  })

  it('is what tollgate_settings.redis says before all others', () => {
    const { redis, lines } = load(
      `tollgate_settings:
  redis:
    nodes: ["a:7000", {host: "::1", port: 7001}, "[::2]:7002"]
    username: gate
    tls: {verify_host: false, ca_file: ca.pem}
    namespace: green
    connect_timeout_ms: 500
    command_timeout_ms: 20
router_settings: {redis_url: "redis://other"}
`,
    )
    expect(lines).toEqual([])
    expect(redis).toEqual({
      place: {
        kind: 'cluster',
        nodes: [
          { host: 'a', port: 7000 },
          { host: '::1', port: 7001 },
          { host: '::2', port: 7002 },
        ],
      },
      db: 0,
      username: 'gate',
      tls: { verifyHost: false, ca: PEM },
      namespace: 'green',
      connectTimeoutMs: 500,
      commandTimeoutMs: 20,
    })
  })

  it.each([
    [
      'tollgate_settings: {redis: {url: "http://u:hunter2@r"}}\n',
      'error config.yaml:1:21 tollgate_settings.redis: the URL of Redis must be redis://',
    ],
    [
      'tollgate_settings: {redis: {host: "u:hunter2@r"}}\n',
      'error config.yaml:1:21 tollgate_settings.redis: a node of Redis must be a host and a port',
    ],
    ['tollgate_settings: {redis: {nodes: [a], db: 1}}\n', 'a cluster has only the database 0'],
    ['tollgate_settings: {redis: {host: a, tls: {ca_file: gone.pem}}}\n', 'the file gone.pem cannot be read'],
    ['tollgate_settings: {redis: {hots: a}}\n', 'tollgate_settings.redis.hots: unknown key, did you mean host?'],
    [
      'litellm_settings: {cache_params: {host: a, redis_startup_nodes: [{port: 7}]}}\n',
      'a node of Redis must be a host and a port',
    ],
  ])('is not %s', (text, message) => {
    const { lines } = load(text)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(message)
    expect(lines[0]).not.toContain('hunter2')
  })

  it('has no TLS where the first word is false', () => {
    const off = load('tollgate_settings: {redis: {tls: false}}\nrouter_settings: {redis_host: a}\n', {
      REDIS_SSL: 'true',
    })
    expect(off.redis?.tls).toBeUndefined()
    expect(load('router_settings: {redis_host: a}\n', { REDIS_SSL: 'true' }).redis?.tls).toEqual({})
  })
})
