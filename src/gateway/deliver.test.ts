import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { callTo } from '../../test/support/calls.ts'
import { deployment } from '../../test/support/settings.ts'
import { Answer } from '../core/answer.ts'
import { ObjectFrame } from '../core/frame.ts'
import { deliver } from './deliver.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** As much of a response as a stream needs, in front of a client that takes what it is told to. */
class Client extends EventEmitter {
  reads = true
  destroyed = false
  writeHead() {}
  write = () => this.reads
  end = () => void this.emit('close')
  destroy() {
    this.destroyed = true
    this.emit('close')
  }
}

function streaming() {
  const client = new Client()
  const answer = new Answer(deployment({ id: 'd', pool: 'p', baseUrl: 'http://127.0.0.1:1' }), true, {
    pause() {},
    resume() {},
    abort() {},
  })
  deliver(client as unknown as ServerResponse, callTo('p', { request: { streamed: true } }), answer)
  return { client, answer, push: () => answer.push(new ObjectFrame([{}], true), true) }
}

it('a client that has stopped reading is let go, and with it the upstream', () => {
  const { client, push } = streaming()
  client.reads = false
  push()
  vi.advanceTimersByTime(119_999)
  expect(client.destroyed).toBe(false)
  vi.advanceTimersByTime(1)
  expect(client.destroyed).toBe(true)
})

it('a slow client is not, however long it takes', () => {
  const { client, push } = streaming()
  client.reads = false
  for (let minute = 0; minute < 30; minute++) {
    push()
    vi.advanceTimersByTime(60_000)
    client.emit('drain')
  }
  expect(client.destroyed).toBe(false)
})

it('no timer runs while the client keeps up, nor after the end', () => {
  const { client, answer, push } = streaming()
  push()
  expect(vi.getTimerCount()).toBe(0)
  client.reads = false
  push()
  expect(vi.getTimerCount()).toBe(1)
  client.emit('drain')
  answer.complete()
  expect(vi.getTimerCount()).toBe(0)
})
