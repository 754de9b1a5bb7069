import cluster from 'node:cluster'
import { availableParallelism } from 'node:os'
import { InvalidArgumentError } from 'commander'
import { systemClock } from '../core/clock.ts'
import type { Exchange } from '../state/exchange.ts'
import { LimitDesk } from '../state/limit-desk.ts'
import type { Limiter } from '../state/limiter.ts'
import type { Port } from '../state/port.ts'
import { sharedLimiter } from '../state/shared-limiter.ts'
import { ExchangeHub, workerExchange } from '../state/worker-exchange.ts'
import { DrainDesk } from './drain-desk.ts'
import { closeHandedConnection } from './handed-connection.ts'
import { Supervisor, type WorkerProcess } from './supervisor.ts'
import { mainPort, workerPort } from './worker-ports.ts'

/** Tells a process that it is one of our workers: a process manager's own cluster has workers too. */
const MARK = 'TOLLGATE_WORKER'
const MAX_WORKERS = 256

/** Node's own choice of helper threads for V8, however many cores there are. */
const MOST_HELPERS = 4

/**
 * What a worker's Node is started with. As many helper threads as there are cores for it: where they outnumber the cores they only
 * take turns with the thread that waits for them (a collection held up prompts of 100,000 tokens for 25 to 35 ms instead of 11
 * to 16).
 */
function nodeFlags(workers: number): readonly string[] {
  const helpers = Math.min(MOST_HELPERS, Math.max(1, Math.floor(availableParallelism() / workers)))
  return [`--v8-pool-size=${helpers}`]
}

// Topics between the main process and a worker.
const LIFE = 'life'
const EXCHANGE = 'exchange'
const LIMITS = 'limits'

/** Reads `--workers`. */
export function workerCount(text: string): number {
  if (text === 'auto') return availableParallelism()
  const count = Number(text)
  if (/^\d+$/.test(text) && count >= 1 && count <= MAX_WORKERS) return count
  throw new InvalidArgumentError(`Give a whole number from 1 to ${MAX_WORKERS}, or auto for one per core.`)
}

/** What a worker has of its main process. */
export interface WorkerSelf {
  /** Its name among the workers; a replacement has another one. */
  readonly name: string
  /** What it shares with the others where there is no Redis. */
  readonly shared: { readonly exchange: Exchange; readonly limiter: Limiter }
  listening(url: string): void
  /** Calls this when it is to stop: once, however often it is told. */
  onStop(stop: () => void): void
  /** Has all workers drain, this one included. */
  drainAll(): void
  /** Calls this when it is to drain. */
  onDrain(drain: () => void): void
  /** Cuts the line to the main process, so that this one can end. */
  leave(): Promise<void>
}

/** This process as a worker; undefined when it is none. */
export function ofWorker(): WorkerSelf | undefined {
  const { worker } = cluster
  if (!worker || process.env[MARK] === undefined) return undefined
  const name = `${worker.id}`
  const life = workerPort(LIFE)
  const { stopTold, drainTold } = orders(life)
  const exchange = workerExchange(workerPort(EXCHANGE), name)
  const limiter = sharedLimiter({ port: workerPort(LIMITS) })
  return {
    name,
    shared: { exchange, limiter },
    listening: url => life.send({ type: 'listening', url }),
    onStop: stop => void stopTold.then(stop),
    drainAll: () => life.send({ type: 'drain' }),
    onDrain: drain => void drainTold.then(drain),
    async leave() {
      await limiter.close()
      await exchange.close()
      worker.disconnect()
    },
  }
}

/** What a worker is told: it listens from the start, since it may be told while it is still starting. */
function orders(life: Port): { readonly stopTold: Promise<void>; readonly drainTold: Promise<void> } {
  const told = (order: string, more: (resolve: () => void) => void = () => {}) =>
    new Promise<void>(resolve => {
      life.onMessage(({ type }) => {
        if (type === order) resolve()
      })
      more(resolve)
    })
  const drainTold = told('drain')
  const stopTold = told('stop', resolve => process.on('SIGTERM', resolve))
  // A terminal sends them to all processes: the main process tells when to stop.
  process.on('SIGINT', () => {})
  process.on('SIGHUP', () => {})
  life.send({ type: 'awake' })
  return { stopTold, drainTold }
}

/** Serves with several workers, of which this process is the main one and serves nothing. Gives the exit code. */
export async function superviseWorkers(
  count: number,
  { onReady, warn }: { readonly onReady: (url: string) => void; readonly warn: (line: string) => void },
): Promise<number> {
  const hub = new ExchangeHub()
  const desk = new LimitDesk()
  const drains = new DrainDesk()
  // What this process was started with comes later, and holds.
  cluster.setupPrimary({ execArgv: [...nodeFlags(count), ...process.execArgv] })
  const start = () => {
    if (supervisor.alive === 0 && supervisor.url !== undefined) keepPort(supervisor.url)
    return startWorker({ hub, desk, drains, supervisor })
  }
  const supervisor: Supervisor = new Supervisor({ count, start, clock: systemClock, warn })
  let isStopping = false
  const stop = () => {
    if (isStopping) {
      supervisor.kill()
      process.exit(130)
    }
    isStopping = true
    supervisor.stop()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  // A terminal that is gone may say so several times.
  process.on('SIGHUP', () => isStopping || stop())
  supervisor.begin()
  supervisor.ready.then(onReady, () => {})
  return supervisor.done
}

/** When all workers are dead the port is free again: port 0 must not become another one than was told. */
function keepPort(url: string): void {
  const { port } = new URL(url)
  if (port !== '') cluster.setupPrimary({ args: [...process.argv.slice(2), '--port', port] })
}

interface MainParts {
  readonly hub: ExchangeHub
  readonly desk: LimitDesk
  readonly drains: DrainDesk
  readonly supervisor: Supervisor
}

function startWorker({ hub, desk, drains, supervisor }: MainParts): WorkerProcess {
  const worker = cluster.fork({ [MARK]: '1' })
  const name = `${worker.id}`
  closeHandedConnection(worker)
  const life = mainPort(worker, LIFE)
  hub.attach(name, mainPort(worker, EXCHANGE))
  desk.connect(name, mainPort(worker, LIMITS))
  drains.connect(name, life)
  let isAwake = false
  life.onMessage(({ type, url }) => {
    if (type === 'awake') isAwake = true
    if (type === 'listening' && typeof url === 'string') supervisor.listening(name, url)
  })
  // A line that breaks while a worker dies is told by its exit.
  worker.on('error', () => {})
  worker.on('exit', (code, signal) => {
    hub.gone(name)
    desk.gone(name)
    drains.gone(name)
    supervisor.ended(name, { code, signal })
  })
  const kill = () => void worker.process.kill('SIGKILL')
  return {
    name,
    // One that does not listen to us yet has nothing to finish either.
    stop: () => (isAwake ? life.send({ type: 'stop' }) : kill()),
    kill,
  }
}
