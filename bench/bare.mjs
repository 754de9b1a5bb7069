// The yardstick: the least that a correct proxy on Node does. The request's body is taken whole, as any gateway must that
// looks into it; the response is passed on piece by piece, held back by a slow client and broken off with a leaving one.
import { createServer } from 'node:http'
import { Pool } from 'undici'
import { listen } from './child.mjs'

const pool = new Pool(process.env.BENCH_UPSTREAM, {
  pipelining: 1,
  connections: null,
  headersTimeout: 0,
  bodyTimeout: 0,
})

class PassOn {
  #response
  #controller

  constructor(response) {
    this.#response = response
    response.on('drain', () => this.#controller?.resume())
    response.on('close', () => {
      if (!response.writableFinished) this.#controller?.abort(new Error('the client left'))
    })
  }

  onRequestStart(controller) {
    this.#controller = controller
  }

  onResponseStart(_, status, headers) {
    const head = ['content-type', headers['content-type']]
    if (headers['content-length']) head.push('content-length', headers['content-length'])
    this.#response.writeHead(status, head)
  }

  onResponseData(controller, chunk) {
    if (!this.#response.write(chunk)) controller.pause()
  }

  onResponseEnd() {
    this.#response.end()
  }

  onResponseError() {
    if (this.#response.headersSent) this.#response.destroy()
    else this.#response.writeHead(502).end()
  }
}

const server = createServer((request, response) => {
  const chunks = []
  request.on('data', chunk => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks)
    const headers = ['content-type', 'application/json', 'authorization', 'Bearer sk-upstream']
    pool.dispatch({ path: request.url, method: 'POST', headers, body }, new PassOn(response))
  })
})
await listen(server)
