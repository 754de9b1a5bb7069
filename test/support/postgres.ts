import { spawn, spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A PostgreSQL of one test file. */
export interface TestPostgres {
  /** As the superuser, by a password. */
  readonly url: string
  readonly port: number
  /** Where its files are. */
  readonly folder: string
  /** A new empty database, for tests that must not see each other. */
  database(): Promise<string>
  /** Runs SQL as an administrator would, with psql. Default: in the first database. */
  sql(text: string, url?: string): string
  /** Stops the server and leaves its files. `kill`: like a power cut. Default: breaks connections off in an orderly way. */
  halt(how?: 'kill' | 'fast'): Promise<void>
  /** Starts it again after `halt`, on the same port. */
  resume(): Promise<void>
  restart(): Promise<void>
  /** Stops it and deletes its files. */
  stop(): Promise<void>
}

const PASSWORD = 'test-password'
/** PostgreSQL refuses to run as root. */
const USER = 'postgres'

/** Where Debian, or the path, has PostgreSQL's programs; undefined where there are none. */
export function postgresBinaries(): string | undefined {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((one, other) => Number(other) - Number(one)) : []
  const folders = versions.map(version => join(debian, version, 'bin'))
  const onPath = (process.env.PATH ?? '').split(':')
  return [...folders, ...onPath].find(
    folder => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'pg_ctl')),
  )
}

/**
 * Whether tests against PostgreSQL can run. Says so loudly where they cannot, and fails where they must (CI=true).
 * @throws Error in CI.
 */
export function hasPostgres(): boolean {
  if (postgresBinaries() !== undefined) return true
  const message = 'NO POSTGRESQL: install the package postgresql; everything against it is SKIPPED'
  if (process.env.CI === 'true') throw new Error(message)
  console.error(`\n*** ${message} ***\n`)
  return false
}

/** Starts a private server on a free port of 127.0.0.1, its files in a temporary folder, without fsync. */
export async function startPostgres(): Promise<TestPostgres> {
  const binaries = postgresBinaries()
  if (!binaries) throw new Error('PostgreSQL is not installed (package postgresql)')
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-postgres-'))
  own(folder)
  const server = new Server(binaries, folder, await freePort())
  try {
    server.initialise()
    await server.resume()
  } catch (error) {
    await server.stop()
    throw error
  }
  return server
}

class Server implements TestPostgres {
  readonly folder: string
  readonly port: number
  readonly #binaries: string
  #databases = 0

  constructor(binaries: string, folder: string, port: number) {
    this.#binaries = binaries
    this.folder = folder
    this.port = port
  }

  get url(): string {
    return this.#urlOf('postgres')
  }

  initialise(): void {
    run(...this.#program('sh', ['-c', `printf %s ${PASSWORD} > '${this.folder}/password'`]))
    run(
      ...this.#program(join(this.#binaries, 'initdb'), [
        ...['-D', this.#data, '-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', join(this.folder, 'password')],
        ...['-E', 'UTF8', '--locale=C', '--no-sync'],
      ]),
    )
  }

  async database(): Promise<string> {
    const name = `test_${++this.#databases}_${Math.random().toString(36).slice(2, 8)}`
    this.sql(`create database ${name}`)
    return this.#urlOf(name)
  }

  sql(text: string, url = this.url): string {
    return run(join(this.#binaries, 'psql'), [url, '-XAtq', '-v', 'ON_ERROR_STOP=1', '-c', text])
  }

  async halt(how: 'kill' | 'fast' = 'fast'): Promise<void> {
    await this.#control(['stop', '-m', how === 'kill' ? 'immediate' : 'fast', '-w', '-t', '30'])
  }

  async resume(): Promise<void> {
    // Commits are handed to the operating system, so that they survive `halt('kill')`; only a power cut would lose them.
    const settings = [
      ...['fsync=off', 'full_page_writes=off', 'max_connections=200', 'shared_buffers=64MB'],
      ...[`port=${this.port}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${this.folder}`],
    ]
    const options = settings.map(setting => `-c ${setting}`).join(' ')
    await this.#control(['start', '-w', '-t', '60', '-l', join(this.folder, 'log'), '-o', options])
  }

  async restart(): Promise<void> {
    await this.halt()
    await this.resume()
  }

  async stop(): Promise<void> {
    if (existsSync(join(this.#data, 'postmaster.pid'))) await this.halt('kill').catch(() => undefined)
    rmSync(this.folder, { recursive: true, force: true })
  }

  get #data(): string {
    return join(this.folder, 'data')
  }

  #urlOf(database: string): string {
    return `postgres://postgres:${PASSWORD}@127.0.0.1:${this.port}/${database}`
  }

  /** Not synchronously: tests go on under load while the server stops. */
  async #control(args: readonly string[]): Promise<void> {
    const [program, all] = this.#program(join(this.#binaries, 'pg_ctl'), ['-D', this.#data, ...args])
    const child = spawn(program, all, { stdio: 'ignore', cwd: '/' })
    const code = await new Promise((resolve, reject) => child.on('error', reject).on('exit', resolve))
    if (code !== 0) throw new Error(`pg_ctl ${args[0]} failed with ${code}: see ${this.folder}/log`)
  }

  #program(program: string, args: readonly string[]): [string, string[]] {
    if (process.getuid?.() !== 0) return [program, [...args]]
    return ['setpriv', [`--reuid=${USER}`, `--regid=${USER}`, '--clear-groups', program, ...args]]
  }
}

function own(folder: string): void {
  if (process.getuid?.() !== 0) return
  const ids = ['-u', '-g'].map(flag => Number(run('id', [flag, USER])))
  chownSync(folder, ids[0] ?? 0, ids[1] ?? 0)
}

function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', cwd: '/' })
  if (error) throw error
  if (status !== 0) throw new Error(`${program} failed with ${status}: ${stderr}`)
  return stdout.trim()
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
