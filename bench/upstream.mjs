// The upstream: answers at once and always the same, so that what is measured is what stands in front of it. It speaks
// OpenAI's dialect, and Anthropic's at /v1/messages. Below /failing each eleventh request fails, so that one call in ten
// must be tried again; below /slow a stream has an event per second. Spans (POST /v1/traces) are taken and dropped.
import { createServer } from 'node:net'
import { anthropic, failure, openai } from './answers.mjs'
import { listen } from './child.mjs'
import { chunk, LAST_CHUNK, MessageReader, STREAM_HEAD, wholeMessage } from './wire.mjs'

/** Between two events: each is read on its own then, as from a real model; without it a slow reader gets them in lumps. */
const PACE_MS = 1
const SLOW_PACE_MS = 1_000
const FAILING_EACH = 11
/** Longer bodies are prompts only; looking through them would cost time. */
const LOOKED_THROUGH = 64 << 10

const prepared = ({ whole, tools = whole, events }) => ({
  whole: wholeMessage(200, whole),
  tools: wholeMessage(200, tools),
  events: events.map((text, index) => {
    const begin = index === 0 ? STREAM_HEAD : ''
    return Buffer.from(`${begin}${chunk(text)}${index === events.length - 1 ? LAST_CHUNK : ''}`)
  }),
})
const answers = { openai: prepared(openai), anthropic: prepared(anthropic) }
const failed = wholeMessage(500, failure)
const taken = wholeMessage(200, '', 'application/x-protobuf')
let failing = 0

/** Streams under way, with the number of the next event; one timer serves all of a pace. */
class Paced {
  #open = new Map()
  #timer
  #paceMs

  constructor(paceMs) {
    this.#paceMs = paceMs
  }

  begin(socket, events) {
    socket.write(events[0])
    this.#open.set(socket, { events, next: 1 })
    this.#timer ??= setInterval(() => this.#tick(), this.#paceMs)
  }

  end(socket) {
    this.#open.delete(socket)
  }

  #tick() {
    for (const [socket, stream] of this.#open) {
      socket.write(stream.events[stream.next])
      stream.next++
      if (stream.next === stream.events.length) this.#open.delete(socket)
    }
    if (this.#open.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

const paced = new Paced(PACE_MS)
const slow = new Paced(SLOW_PACE_MS)

class Connection {
  #socket
  #path = ''
  #body = []
  #length = 0

  constructor(socket) {
    this.#socket = socket
  }

  head(text) {
    this.#path = text.slice(text.indexOf(' ') + 1, text.indexOf(' HTTP/'))
    this.#body = []
    this.#length = 0
  }

  body(bytes) {
    this.#length += bytes.length
    if (this.#length <= LOOKED_THROUGH) this.#body.push(bytes)
  }

  end() {
    if (this.#path === '/v1/traces') return void this.#socket.write(taken)
    if (this.#path.startsWith('/failing') && ++failing % FAILING_EACH === 0) return void this.#socket.write(failed)
    const { whole, tools, events } = this.#path.endsWith('/messages') ? answers.anthropic : answers.openai
    if (this.#says('"stream"', 'true')) (this.#path.startsWith('/slow') ? slow : paced).begin(this.#socket, events)
    else this.#socket.write(this.#says('"tools"', '[') ? tools : whole)
  }

  /** Whether the body has that member with that value, with or without a space between. */
  #says(member, value) {
    if (this.#length > LOOKED_THROUGH) return false
    const body = this.#body.length === 1 ? this.#body[0] : Buffer.concat(this.#body)
    return body.includes(`${member}:${value}`) || body.includes(`${member}: ${value}`)
  }
}

const server = createServer({ noDelay: true }, socket => {
  const reader = new MessageReader(new Connection(socket))
  socket.on('data', bytes => reader.read(bytes))
  socket.on('error', () => {})
  socket.on('close', () => {
    paced.end(socket)
    slow.end(socket)
  })
})
await listen(server)
