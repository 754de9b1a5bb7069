// The upstream: answers at once and always the same, so that what is measured is what stands in front of it.
// It takes spans as well (POST /v1/traces), and drops them.
import { createServer } from 'node:http'
import { streamEvents, wholeAnswer } from './answers.mjs'
import { listen } from './child.mjs'

/** Between two events: each is read on its own then, as from a real model; without it a slow reader gets them in lumps. */
const PACE_MS = 1

const whole = Buffer.from(wholeAnswer)
const events = streamEvents.map(text => Buffer.from(text))

const server = createServer((request, response) => {
  let streamed = false
  request.on('data', chunk => {
    streamed ||= chunk.includes('"stream":true')
  })
  request.on('end', () => {
    if (request.url === '/v1/traces') response.writeHead(200).end()
    else if (streamed) stream(response)
    else response.writeHead(200, { 'content-type': 'application/json', 'content-length': whole.length }).end(whole)
  })
})

/** Streams under way; one timer serves them all. */
const open = new Map()
let timer

function stream(response) {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
  response.write(events[0])
  open.set(response, 1)
  response.on('close', () => open.delete(response))
  timer ??= setInterval(tick, PACE_MS)
}

function tick() {
  for (const [response, next] of open) {
    response.write(events[next])
    if (next + 1 < events.length) open.set(response, next + 1)
    else {
      open.delete(response)
      response.end()
    }
  }
  if (open.size > 0) return
  clearInterval(timer)
  timer = undefined
}

server.on('connection', socket => socket.setNoDelay(true))
await listen(server)
