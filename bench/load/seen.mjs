// What the clients of a job have seen: how long answers took, and whether they were right.
import { median, quantile } from '../statistics.mjs'

const SHOWN = 300

export class Seen {
  requests = 0
  /** Told when a connection may ask again, and when something is wrong. */
  onFree = () => {}
  onError = () => {}
  #load
  #total = []
  #first = []
  #gap = []

  constructor(load) {
    this.#load = load
  }

  begin(client) {
    client.bytes = 0
    client.contains = false
    client.tail = undefined
    client.last = 0
  }

  /** A piece of an answer. What came before is kept by its tail only. */
  piece(client, bytes) {
    if (this.#load.streamed) this.#clock(client, bytes)
    else client.contains ||= bytes.includes(this.#load.contains)
    client.bytes += bytes.length
    client.tail = bytes
  }

  /** The first of the answer itself, since gateways hold the prelude back until then, and what lies between the others. */
  #clock(client, bytes) {
    const now = performance.now()
    if (client.contains) this.#gap.push(now - client.last)
    else if (bytes.includes(this.#load.contains)) {
      client.contains = true
      this.#first.push(now - client.begun)
    } else return
    client.last = now
  }

  /** @returns what is wrong with the answer, if anything. */
  end(client, isOk) {
    this.#total.push(performance.now() - client.begun)
    this.requests++
    const { ends } = this.#load
    const isRight = isOk && client.contains && (!ends || client.tail.latin1Slice().endsWith(ends))
    if (isRight) return undefined
    return `not the right answer, ${client.bytes} bytes: ${client.tail?.toString('utf8').slice(0, SHOWN)}`
  }

  summary() {
    return { requests: this.requests, total: parts(this.#total), first: parts(this.#first), gap: parts(this.#gap) }
  }
}

/** Milliseconds. */
function parts(samples) {
  if (samples.length === 0) return undefined
  samples.sort((a, b) => a - b)
  return { p50: median(samples), p99: quantile(samples, 0.99) }
}
