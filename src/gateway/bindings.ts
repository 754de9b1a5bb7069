import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** A client that takes longer to send its request is cut off. */
const REQUEST_TIMEOUT_MS = 30_000
/** A missing Host is refused by us (`withoutHost`): Node's own refusal has neither a body nor an id. */
const SERVER_OPTIONS = { requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: 65_000, requireHostHeader: false }

export interface BindingParts {
  /** Also of a request that waits to be told to go on (`Expect: 100-continue`): who takes its body tells it (`awaitBody`). */
  readonly onRequest: RequestListener
  /** Asked instead, when a request expects (`Expect`) what Node does not know. */
  readonly onExpectation: RequestListener
  /** Told of what the HTTP parser refuses. */
  readonly onBroken: (error: Error, socket: Socket) => void
}

/** Where one listener is reached: one server, or, for `localhost`, one for each of its addresses. */
export class Bindings {
  readonly #parts: BindingParts
  readonly #servers: Server[] = []

  constructor(parts: BindingParts) {
    this.#parts = parts
  }

  /** Listens; port 0 takes a free one. Gives the address, such as `http://127.0.0.1:4000`. */
  async listen({ host, port }: { readonly host: string; readonly port: number }): Promise<string> {
    const bound = await this.#bind(host, port)
    if (host === 'localhost') await this.#bindOthers(host, bound)
    return `http://${host.includes(':') ? `[${host}]` : host}:${bound.port}`
  }

  /** Accepts no more; settles when every connection has ended. */
  async close(): Promise<void> {
    await Promise.all(this.#servers.map(server => new Promise(resolve => server.close(resolve))))
  }

  closeIdleConnections(): void {
    for (const server of this.#servers) server.closeIdleConnections()
  }

  closeAllConnections(): void {
    for (const server of this.#servers) server.closeAllConnections()
  }

  /** Clients reach `localhost` by IPv4 or IPv6, whichever they try first. Who has one of the two only is reached there. */
  async #bindOthers(host: string, { address, port }: AddressInfo): Promise<void> {
    const known = await lookup(host, { all: true })
    for (const other of known) if (other.address !== address) await this.#bind(other.address, port).catch(() => {})
  }

  async #bind(host: string, port: number): Promise<AddressInfo> {
    const server = createServer(SERVER_OPTIONS, this.#parts.onRequest)
    // Node by itself tells everybody to go on, strangers too.
    server.on('checkContinue', this.#parts.onRequest)
    server.on('checkExpectation', this.#parts.onExpectation)
    server.on('clientError', this.#parts.onBroken)
    server.listen({ host, port })
    await once(server, 'listening')
    this.#servers.push(server)
    return server.address() as AddressInfo
  }
}
