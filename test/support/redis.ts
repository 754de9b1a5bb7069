import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { REDIS_DEFAULTS, type RedisSettings } from '../../src/core/redis-settings.ts'

/** Whether a Redis can be started here. Where tests must not be left out (CI=true) its absence is an error. */
export function hasRedis(): boolean {
  if (spawnSync('redis-server', ['--version']).status === 0) return true
  const message = 'redis-server is not here: tests over Redis are LEFT OUT (apt-get install redis-server)'
  if (process.env.CI === 'true') throw new Error(message)
  console.error(`\n*** ${message} ***\n`)
  return false
}

export interface StartRedisOptions {
  /** Speaks TLS with a certificate of its own for 127.0.0.1. */
  readonly tls?: boolean
  /** A cluster of three nodes. */
  readonly cluster?: boolean
  readonly password?: string
}

/** A Redis of Debian, in a folder of its own, on free ports of 127.0.0.1, without persistence. */
export interface TestRedis {
  readonly settings: RedisSettings
  readonly port: number
  /** Ends it at once, as a crash would; its data is lost. */
  kill(): Promise<void>
  /** Starts it again on the same ports. */
  restart(): Promise<void>
  /** No command is answered for so long. */
  pause(ms: number): void
  /** What `redis-cli` says. */
  cli(...args: string[]): string
  stop(): Promise<void>
}

export async function startRedis(options: StartRedisOptions = {}): Promise<TestRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-redis-'))
  if (options.tls) certificate(folder)
  const ports = await freePorts(options.cluster ? 3 : 1)
  const [port = 0] = ports
  let servers = await startAll(ports, folder, options)
  const cli = (at: number, args: readonly string[]) => {
    const login = options.password === undefined ? [] : ['-a', options.password, '--no-auth-warning']
    const tls = options.tls ? ['--tls', '--cacert', join(folder, 'cert.pem')] : []
    return spawnSync('redis-cli', ['-p', String(at), ...login, ...tls, ...args], { encoding: 'utf8' }).stdout.trim()
  }
  if (options.cluster) await formCluster(ports, cli)
  const kill = async () => {
    await Promise.all(servers.map(server => server.kill()))
    servers = []
  }
  return {
    settings: settingsFor(ports, folder, options),
    port,
    kill,
    async restart() {
      servers = await startAll(ports, folder, options)
    },
    pause: ms => void ports.map(one => cli(one, ['CLIENT', 'PAUSE', String(ms), 'ALL'])),
    cli: (...args) => cli(port, args),
    async stop() {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function settingsFor(ports: readonly number[], folder: string, options: StartRedisOptions): RedisSettings {
  const nodes = ports.map(port => ({ host: '127.0.0.1', port }))
  const [node = { host: '127.0.0.1', port: 0 }] = nodes
  return {
    ...REDIS_DEFAULTS,
    place: options.cluster ? { kind: 'cluster', nodes } : { kind: 'node', ...node },
    ...(options.tls && { tls: { ca: readFileSync(join(folder, 'cert.pem'), 'utf8') } }),
  }
}

interface Server {
  kill(): Promise<void>
}

function startAll(ports: readonly number[], folder: string, options: StartRedisOptions): Promise<Server[]> {
  return Promise.all(ports.map(port => startOne(port, folder, options)))
}

async function startOne(port: number, folder: string, options: StartRedisOptions): Promise<Server> {
  const pem = (name: string) => join(folder, name)
  const listen = options.tls
    ? ['--port', '0', '--tls-port', String(port), '--tls-cert-file', pem('cert.pem'), '--tls-key-file', pem('key.pem')]
    : ['--port', String(port)]
  const args = [
    ...listen,
    ...(options.tls ? ['--tls-ca-cert-file', pem('cert.pem'), '--tls-auth-clients', 'no'] : []),
    ...(options.cluster ? ['--cluster-enabled', 'yes', '--cluster-config-file', `nodes-${port}.conf`] : []),
    ...(options.password === undefined ? [] : ['--requirepass', options.password]),
    ...['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder, '--loglevel', 'warning'],
  ]
  const child = spawn('redis-server', args, { stdio: 'ignore' })
  const gone = once(child, 'exit')
  await answers(port, gone)
  return {
    async kill() {
      child.kill('SIGKILL')
      await gone
    },
  }
}

/** Waits until somebody accepts connections there. */
async function answers(port: number, gone: Promise<unknown>): Promise<void> {
  let ended = false
  gone.then(() => {
    ended = true
  })
  for (let tries = 0; tries < 500 && !ended; tries++) {
    const ping = spawnSync('redis-cli', ['-p', String(port), 'PING'], { encoding: 'utf8' })
    if (ping.status === 0 || /closed|reset/i.test(ping.stderr)) return
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  throw new Error(`redis-server on port ${port} did not start`)
}

type Cli = (port: number, args: readonly string[]) => string

async function formCluster(ports: readonly number[], cli: Cli): Promise<void> {
  const [first = 0] = ports
  const size = Math.ceil(16_384 / ports.length)
  for (const [index, port] of ports.entries()) {
    const last = Math.min((index + 1) * size, 16_384) - 1
    cli(port, ['CLUSTER', 'ADDSLOTSRANGE', String(index * size), String(last)])
    cli(port, ['CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1)])
    if (port !== first) cli(first, ['CLUSTER', 'MEET', '127.0.0.1', String(port)])
  }
  for (let tries = 0; tries < 500; tries++) {
    const formed = ports.every(port => {
      const info = cli(port, ['CLUSTER', 'INFO'])
      return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${ports.length}`)
    })
    if (formed) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error('the cluster did not form')
}

function certificate(folder: string): void {
  const { status, stderr } = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'],
    ...['-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')],
  ])
  if (status !== 0) throw new Error(`openssl: ${stderr}`)
}

async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    // A node of a cluster also listens on its port + 10,000.
    if (address !== null && typeof address === 'object' && address.port < 55_000 && !ports.includes(address.port))
      ports.push(address.port)
    server.close()
    await once(server, 'close')
  }
  return ports
}
