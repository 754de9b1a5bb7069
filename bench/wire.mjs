// HTTP/1.1 as far as a measurement needs it: takes messages with a length or in chunks apart, of either direction.
// With it, clients and upstream together take two thirds of the CPU that the bare pass-through takes (42 µs to 63 on a
// busy machine), so that the contender is the one that everybody waits for; with Node's own they took 61 µs, to its 56.

const HEAD = 0
const BODY = 1
const SIZE = 2
const CHUNK = 3
const TRAILER = 4

/** Calls `head(text)`, `body(bytes)` any number of times, and `end()` for each message that was read. */
export class MessageReader {
  #receiver
  #state = HEAD
  /** Bytes that are still to come of the body or the chunk. */
  #left = 0
  /** Of a head or a size that has not come in full. */
  #rest

  constructor(receiver) {
    this.#receiver = receiver
  }

  read(arrived) {
    let bytes = arrived
    if (this.#rest !== undefined) {
      bytes = Buffer.concat([this.#rest, arrived])
      this.#rest = undefined
    }
    let at = 0
    while (at < bytes.length) {
      const next = this.#state === HEAD ? this.#readHead(bytes, at) : this.#readBody(bytes, at)
      if (next < 0) {
        this.#rest = bytes.subarray(at)
        return
      }
      at = next
    }
  }

  /** @returns where to go on; -1 when more must come first. */
  #readHead(bytes, at) {
    const end = bytes.indexOf('\r\n\r\n', at, 'latin1')
    if (end < 0) return -1
    const head = bytes.latin1Slice(at, end)
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)
    this.#receiver.head(head)
    if (length) {
      this.#left = Number(length[1])
      this.#state = BODY
      if (this.#left === 0) this.#end()
    } else if (/\r\ntransfer-encoding: *chunked/i.test(head)) this.#state = SIZE
    else this.#end()
    return end + 4
  }

  #readBody(bytes, at) {
    if (this.#state === BODY || this.#state === CHUNK) return this.#readPart(bytes, at)
    const end = bytes.indexOf('\r\n', at, 'latin1')
    if (end < 0) return -1
    if (this.#state === TRAILER) {
      if (end === at) this.#end()
      return end + 2
    }
    this.#left = Number.parseInt(bytes.latin1Slice(at, end), 16)
    // With the line break behind it.
    this.#state = this.#left === 0 ? TRAILER : CHUNK
    if (this.#state === CHUNK) this.#left += 2
    return end + 2
  }

  #readPart(bytes, at) {
    const break_ = this.#state === CHUNK ? 2 : 0
    const taken = Math.min(this.#left, bytes.length - at)
    const content = Math.min(taken, Math.max(0, this.#left - break_))
    if (content > 0) this.#receiver.body(bytes.subarray(at, at + content))
    this.#left -= taken
    if (this.#left === 0) {
      if (this.#state === BODY) this.#end()
      else this.#state = SIZE
    }
    return at + taken
  }

  #end() {
    this.#state = HEAD
    this.#receiver.end()
  }
}

/** An answer with a length, ready to be written. */
export function wholeMessage(status, body, type = 'application/json') {
  const length = Buffer.byteLength(body)
  return Buffer.from(`HTTP/1.1 ${status} -\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n\r\n${body}`)
}

/** The head of an answer that comes in chunks. */
export const STREAM_HEAD =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n' +
  'transfer-encoding: chunked\r\n\r\n'

export const LAST_CHUNK = '0\r\n\r\n'

export function chunk(text) {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
}

/** A request up to its body. */
export function requestHead(path, headers, bodyLength) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}content-length: ${bodyLength}\r\n\r\n`
}
