// One connection of a client, which asks one thing after the other.
import { once } from 'node:events'
import { connect } from 'node:net'
import { keyNumber, LOADS } from '../loads.mjs'
import { MessageReader, requestHead } from '../wire.mjs'

/** What OpenAI's SDK sends, as far as anybody looks at it. */
const HEADERS = {
  accept: 'application/json',
  'content-type': 'application/json',
  'user-agent': 'OpenAI/JS 6.49.0',
}
/** Between the keys that two calls after each other have: a prime, so that all come by. */
const KEY_STEP = 7_919
const OK = / 200[ \r]/

export class Client {
  /** When the call under way began, or should have. */
  begun = 0
  #socket
  #request
  #seen
  #status = ''
  #closing = false

  constructor(request, seen) {
    this.#request = request
    this.#seen = seen
  }

  connect() {
    const { port } = this.#request
    const reader = new MessageReader(this)
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('connect', () => this.#seen.onFree(this))
    this.#socket.on('data', bytes => reader.read(bytes))
    this.#socket.on('error', error => this.#closing || this.#seen.onError(error))
    this.#socket.on('close', () => this.#closing || this.#seen.onError(new Error('the connection was closed')))
    return this
  }

  get connected() {
    return once(this.#socket, 'connect')
  }

  ask(begun) {
    this.begun = begun
    this.#seen.begin(this)
    this.#socket.write(this.#request.next())
  }

  head(text) {
    this.#status = text
  }

  body(bytes) {
    this.#seen.piece(this, bytes)
  }

  end() {
    // The status line is enough to see that all is well.
    const isOk = OK.test(this.#status.slice(0, 16))
    const wrong = this.#seen.end(this, isOk)
    if (wrong) this.#seen.onError(new Error(`${this.#status.split('\r\n')[0]}: ${wrong}`))
    else this.#seen.onFree(this)
  }

  close() {
    this.#closing = true
    this.#socket.destroy()
  }
}

/** @returns that many, all connected. */
export async function connected(count, request, seen) {
  const clients = Array.from({ length: count }, () => new Client(request, seen).connect())
  seen.onFree = () => {}
  await Promise.all(clients.map(client => client.connected))
  return clients
}

/** What all connections of a job send: the same each time, but for the key where there are many. */
export function requestOf({ port, path = '/v1/chat/completions', headers = {}, load, keys = 1 }) {
  const { body } = LOADS[load]
  const make = authorization => {
    const all = { host: `127.0.0.1:${port}`, ...HEADERS, ...headers, ...authorization }
    return requestHead(path, all, Buffer.byteLength(body)) + body
  }
  if (keys === 1) {
    const bytes = Buffer.from(make({}))
    return { port, next: () => bytes }
  }
  const [before, after] = make({ authorization: 'Bearer KEY' }).split('KEY')
  let asked = 0
  return { port, next: () => before + keyNumber((asked++ * KEY_STEP) % keys) + after }
}
