import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Clock, type Ms, type Random, systemClock } from '../core/clock.ts'
import { type Behaviour, DEFAULT_BEHAVIOUR } from './behaviour.ts'
import { deliveryFor, readBody, refuse } from './exchange.ts'
import type { Fault } from './fault.ts'
import { asksModel, FaultScript, share } from './fault-script.ts'
import { Player } from './player.ts'
import { UpstreamLog } from './upstream-log.ts'
import { type OpenRecord, openRecord, type UpstreamRecord } from './upstream-record.ts'
import { readRequest, type UpstreamRequest } from './upstream-request.ts'

/** How to start an upstream. All of its behaviour can be changed later by `script`. */
export interface UpstreamOptions extends Partial<Behaviour> {
  /** Default 0: any free port. */
  readonly port?: number
  /** Default `127.0.0.1`. */
  readonly host?: string
  /** How many of the latest records `log` keeps. Default all, which is what tests want and a long run does not. */
  readonly remember?: number
  /** Told of each exchange once it has closed. Must not throw. */
  readonly onClose?: (record: UpstreamRecord) => void
  /** What times latencies, pauses and records. Default the system's clock. */
  readonly clock?: Clock
}

/** Until when a wait for something to be seen gives up, in milliseconds: long, because machines may be slow. */
const PATIENCE_MS: Ms = 10_000

/**
 * A running upstream that speaks OpenAI's and Anthropic's dialects, records what it is asked, and fails when told to.
 * Made by `startUpstream`.
 */
export class Upstream {
  readonly #server: Server
  readonly #options: UpstreamOptions
  readonly #clock: Clock
  readonly #log: UpstreamLog
  readonly #faults = new FaultScript()
  #behaviour: Behaviour
  #count = 0
  #stopping = false
  #address: { readonly host: string; readonly port: number }

  private constructor(options: UpstreamOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#log = new UpstreamLog(options.remember ?? Number.POSITIVE_INFINITY)
    this.#behaviour = { ...DEFAULT_BEHAVIOUR, ...options }
    this.#address = { host: options.host ?? '127.0.0.1', port: options.port ?? 0 }
    // Idle connections are kept for as long as clients like: a test must not meet a timeout that it did not script.
    this.#server = createServer({ noDelay: true, keepAliveTimeout: 0, requestTimeout: 0 }, (incoming, response) => {
      this.#serve(incoming, response).catch((error: unknown) => refuse(response, error))
    })
  }

  /** Starts one. Rejects with the system's error, such as EADDRINUSE. */
  static async start(options: UpstreamOptions): Promise<Upstream> {
    const upstream = new Upstream(options)
    await upstream.accept()
    return upstream
  }

  /** `http://HOST:PORT`: what Anthropic clients take as base URL. */
  get url(): string {
    const { host, port } = this.#address
    if (host === '0.0.0.0' || host === '::') return `http://127.0.0.1:${port}`
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  }

  /** `url` with `/v1`: what OpenAI clients take as base URL. */
  get baseUrl(): string {
    return `${this.url}/v1`
  }

  get port(): number {
    return this.#address.port
  }

  /** What was asked, in order of arrival. Always the same array. */
  get log(): readonly UpstreamRecord[] {
    return this.#log.records
  }

  /** Changes what is given; the rest stays. Holds for requests that arrive from now on. */
  script(behaviour: Partial<Behaviour>): this {
    this.#behaviour = { ...this.#behaviour, ...behaviour }
    return this
  }

  /** The next requests that ask a model meet these faults, one each; `undefined` is a request without a fault. */
  next(...faults: readonly (Fault | undefined)[]): this {
    this.#faults.next(faults)
    return this
  }

  /** Every request that asks a model meets this fault, unless `next` has one for it. `undefined`: no fault any more. */
  always(fault: Fault | undefined): this {
    return this.when(asksModel, fault)
  }

  /** Requests that the predicate picks meet this fault; of several rules the latest wins. `next` goes first. */
  when(predicate: (request: UpstreamRequest) => boolean, fault: Fault | undefined): this {
    this.#faults.when(predicate, fault)
    return this
  }

  /** A share of the requests that ask a model, from 0 to 1, meets this fault. By default the same ones in each run. */
  sometimes(rate: number, fault: Fault, random?: Random): this {
    return this.when(share(rate, random), fault)
  }

  /** Back to how it was started: no faults, the first behaviour, an empty log. */
  reset(): this {
    this.#faults.clear()
    this.#behaviour = { ...DEFAULT_BEHAVIOUR, ...this.#options }
    this.#log.records.length = 0
    this.#count = 0
    return this
  }

  /** Resolves with the requests that arrived as soon as there are `count`; rejects with a summary after `withinMs`. */
  arrived(count = 1, withinMs: Ms = PATIENCE_MS): Promise<readonly UpstreamRecord[]> {
    return this.#log.waitFor('requests', () => true, { count, withinMs })
  }

  /** Resolves with the exchanges that have ended, by whomever, as soon as there are `count`. */
  closed(count = 1, withinMs: Ms = PATIENCE_MS): Promise<readonly UpstreamRecord[]> {
    return this.#log.waitFor('closed exchanges', record => record.closed !== 'open', { count, withinMs })
  }

  /** Resolves with the exchanges that the client left before the end, as soon as there are `count`. */
  closedByClient(count = 1, withinMs: Ms = PATIENCE_MS): Promise<readonly UpstreamRecord[]> {
    return this.#log.waitFor('exchanges closed by the client', record => record.closed === 'client', {
      count,
      withinMs,
    })
  }

  /** Closes the port: new connections are refused and idle ones closed, while answers under way go on. */
  async refuse(): Promise<void> {
    await new Promise<void>(resolve => {
      this.#server.close()
      setImmediate(resolve)
    })
  }

  /** Opens the same port again after `refuse`. */
  async accept(): Promise<void> {
    const { host, port } = this.#address
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
    this.#address = { host, port: (this.#server.address() as AddressInfo).port }
  }

  /** Stops at once: answers under way are broken off. May be called twice. */
  async stop(): Promise<void> {
    this.#stopping = true
    await new Promise<void>(resolve => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = await readBody(incoming)
    const { method = 'GET', url: path = '/', headers } = incoming
    const defaultModel = this.#behaviour.models[0]
    const request = readRequest({ number: ++this.#count, method, path, headers, bytes, defaultModel })
    const record = openRecord(request, this.#clock.now())
    const player = new Player(response, record, this.#clock)
    response.once('close', () => this.#close(record, player.closedByUs || response.writableFinished))
    record.fault = this.#faults.pick(record)
    const exchange = { record, behaviour: this.#behaviour, fault: record.fault, clock: this.#clock }
    this.#log.add(record)
    if (record.fault?.kind === 'hang') return
    if (record.fault?.kind === 'drop') return player.drop(record.fault.by)
    await player.play(await deliveryFor(exchange))
  }

  #close(record: OpenRecord, byUs: boolean): void {
    record.closed = byUs || this.#stopping ? 'us' : 'client'
    record.closedMs = this.#clock.now()
    this.#log.changed()
    this.#options.onClose?.(record)
  }
}

/** Starts an upstream on 127.0.0.1 and any free port. Stop it with `stop()`. */
export function startUpstream(options: UpstreamOptions = {}): Promise<Upstream> {
  return Upstream.start(options)
}
