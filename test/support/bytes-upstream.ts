import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An upstream that answers every request with the same pieces of an event stream, each in a write of its own. */
export interface BytesUpstream {
  readonly baseUrl: string
  /** Replaces the pieces for requests that come from now on. */
  send(pieces: Iterable<Uint8Array>): void
  /** Bytes that were handed to the connections so far. */
  readonly bytesOut: number
  /** Settles when a connection was closed before its answer had ended. */
  readonly left: Promise<void>
  stop(): Promise<void>
}

export async function startBytesUpstream(): Promise<BytesUpstream> {
  let pieces: Iterable<Uint8Array> = []
  let bytesOut = 0
  let leave = () => {}
  const left = new Promise<void>(resolve => {
    leave = resolve
  })
  const server = createServer({ noDelay: true }, (request, response) => {
    response.once('close', () => {
      if (!response.writableFinished) leave()
    })
    request.resume()
    request.once('end', () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      void writeAll(response, pieces, length => {
        bytesOut += length
      })
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    send: next => {
      pieces = next
    },
    get bytesOut() {
      return bytesOut
    },
    left,
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Waits for a slow reader, as real servers do, and gives every piece a turn of its own, or all would leave together. */
async function writeAll(response: ServerResponse, pieces: Iterable<Uint8Array>, wrote: (length: number) => void) {
  let wake = () => {}
  response.on('drain', () => wake())
  response.on('close', () => wake())
  for (const piece of pieces) {
    if (response.destroyed) return
    const taken = response.write(piece)
    wrote(piece.length)
    await new Promise<void>(resolve => {
      if (taken) setImmediate(resolve)
      else wake = resolve
    })
  }
  response.end()
}
