import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Clock, Ms } from '../core/clock.ts'
import type { Delivery } from './delivery.ts'
import type { OpenRecord } from './upstream-record.ts'

const RESET_GRACE_MS: Ms = 5

/** Puts one delivery on the wire, notes in the record what was sent, and stops when the connection has gone. */
export class Player {
  readonly #response: ServerResponse
  readonly #record: OpenRecord
  readonly #clock: Clock
  #gone = false
  /** Ends the present wait. */
  #wake: () => void = () => {}
  /** Whether the upstream itself ended the exchange, properly or not. */
  closedByUs = false

  constructor(response: ServerResponse, record: OpenRecord, clock: Clock) {
    this.#response = response
    this.#record = record
    this.#clock = clock
    response.once('close', () => {
      this.#gone = true
      this.#wake()
    })
  }

  /** Waits, and resolves early when the connection goes. */
  pause(ms: Ms): Promise<void> {
    if (this.#gone || ms <= 0) return Promise.resolve()
    return new Promise(resolve => {
      const timer = this.#clock.after(ms, resolve)
      this.#wake = () => {
        timer.cancel()
        resolve()
      }
    })
  }

  /** Breaks the connection without an answer. */
  drop(by: 'close' | 'reset'): void {
    this.closedByUs = true
    if (by === 'reset') this.#response.socket?.resetAndDestroy()
    else this.#response.socket?.destroy()
  }

  /** Sends it all; resolves when nothing more is to be sent, or nobody is left to take it. */
  async play(delivery: Delivery): Promise<void> {
    if (delivery.headDelayMs > 0) await this.pause(delivery.headDelayMs)
    if (this.#gone) return
    this.#record.status = delivery.status
    if (delivery.headBytesPerSecond !== undefined) return this.#playSlowly(delivery, delivery.headBytesPerSecond)
    this.#response.writeHead(delivery.status, { ...delivery.headers })
    const only = delivery.writes[0]
    if (only && delivery.writes.length === 1 && delivery.ending === 'end') {
      this.#note(delivery, only)
      // Latin-1 keeps every byte, and Node sends a head and a string in one piece where it sends a buffer apart.
      this.#response.end(only.toString('latin1'), 'latin1')
      return
    }
    if (delivery.writes.length === 0) this.#response.flushHeaders()
    await this.#writeAll(delivery, bytes => this.#response.write(bytes))
    await this.#finish(delivery)
  }

  async #writeAll(delivery: Delivery, write: (bytes: Buffer) => boolean): Promise<void> {
    let first = true
    for (const bytes of delivery.writes) {
      if (!first) await this.#between(delivery.writeDelayMs)
      first = false
      if (this.#gone) return
      const taken = write(bytes)
      this.#note(delivery, bytes)
      if (!taken) await this.#drained()
    }
  }

  /** Without a delay a write still gets a turn of its own, or all of them would leave together. */
  #between(delayMs: Ms): Promise<void> {
    return delayMs > 0 ? this.pause(delayMs) : new Promise(resolve => setImmediate(resolve))
  }

  /** A slow reader is waited for, as real servers do. */
  #drained(): Promise<void> {
    if (this.#gone || !this.#response.writableNeedDrain) return Promise.resolve()
    return new Promise(resolve => {
      this.#wake = resolve
      this.#response.once('drain', resolve)
    })
  }

  #note(delivery: Delivery, bytes: Buffer): void {
    this.#record.bytesOut += bytes.length
    if (this.#record.bytesOut >= delivery.usageAt) this.#record.usage = this.#record.counted
  }

  async #finish({ ending }: Delivery): Promise<void> {
    if (this.#gone || ending === 'stall') return
    if (ending === 'end') {
      this.#response.end()
      return
    }
    await this.#flushed()
    if (ending === 'reset') await this.#readByClient()
    if (!this.#gone) this.drop(ending)
  }

  /** What was written must leave before the connection does: an empty write is called back after all others. */
  #flushed(): Promise<void> {
    return new Promise(resolve => {
      this.#wake = resolve
      this.#response.socket?.write('', () => resolve())
    })
  }

  /**
   * A client that finds data and a reset in one look takes them for data and a proper end (libuv does). So the reset
   * waits a little: for other processes by the clock on the wall, and for this one by a turn in which sockets are read.
   */
  #readByClient(): Promise<void> {
    return new Promise(resolve => setTimeout(() => setImmediate(resolve), RESET_GRACE_MS))
  }

  /** Node's server sends a head in one piece, so a slow one goes past it, as raw HTTP/1.1 that closes at the end. */
  async #playSlowly(delivery: Delivery, bytesPerSecond: number): Promise<void> {
    const { socket } = this.#response
    if (!socket) return
    const fields = Object.entries({ ...delivery.headers, connection: 'close' }).map(
      ([name, value]) => `${name}: ${value}`,
    )
    const status = `HTTP/1.1 ${delivery.status} ${STATUS_CODES[delivery.status] ?? 'Unknown'}`
    for (const byte of Buffer.from([status, ...fields, '', ''].join('\r\n'))) {
      if (this.#gone) return
      socket.write(Uint8Array.of(byte))
      await this.pause(1000 / bytesPerSecond)
    }
    await this.#writeAll(delivery, bytes => socket.write(bytes))
    if (this.#gone) return
    this.closedByUs = true
    socket.end()
  }
}
