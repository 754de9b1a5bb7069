import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { fresh } from './stage.ts'

/** When a client leaves: once its request is sent and `away` holds, after so many events, or when all but `[DONE]` is there. */
export type Leave = { readonly away: (canary: string) => boolean } | { readonly events: number } | 'before-done'

export interface Ask {
  readonly url: string
  readonly key: string
  readonly streamed?: boolean
  /** Default `fast`. */
  readonly model?: string
  /** Kept with its row in the ledger (`spend_logs_metadata`). Default none. */
  readonly noted?: string
  /** Default: it stays to the end. */
  readonly leave?: Leave
}

/**
 * How a call ended, as its client saw it: the whole answer; a status with an error; an error within the stream; the client
 * left; or the connection broke off (or was never made) without a word.
 */
export type ClientEnd = 'complete' | 'refused' | 'error-event' | 'left' | 'broken'

/** One call as its client saw it. */
export interface ClientCall {
  /** Stands in the prompt, and in no other call's. */
  readonly canary: string
  readonly key: string
  readonly streamed: boolean
  /** Calls of one client are made one after the other. */
  readonly client: number
  status: number | undefined
  callId: string | undefined
  text: string
  /** Undefined: it has not ended. */
  end: ClientEnd | undefined
  /** Milliseconds from the first byte out to the end. */
  tookMs: number | undefined
}

/** Clients who write down what they ask and what they get: the second of the three logs. */
export class Clients {
  readonly calls: ClientCall[] = []
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 200 })
  #count = 0

  /** Makes one call; never rejects. */
  async call(ask: Ask, client = this.#count++): Promise<ClientCall> {
    const canary = fresh(`T${client}-`).slice(0, 28)
    const { key, streamed = false } = ask
    const common = { status: undefined, callId: undefined, text: '', end: undefined, tookMs: undefined }
    const call: ClientCall = { ...common, canary, key, streamed, client }
    this.calls.push(call)
    const begun = performance.now()
    call.end = await this.#ask(call, ask)
    call.tookMs = performance.now() - begun
    return call
  }

  /** So many clients at once, each of whom calls again and again while `goesOn`; a client waits a little after a failure. */
  async crowd(count: number, next: (turn: number) => Ask, goesOn: () => boolean): Promise<void> {
    let turn = 0
    const first = this.#count
    this.#count += count
    const one = async (client: number) => {
      while (goesOn()) {
        const { end } = await this.call(next(turn++), client)
        if (end !== 'complete') await new Promise(resolve => setTimeout(resolve, 20))
      }
    }
    await Promise.all(Array.from({ length: count }, (_, index) => one(first + index)))
  }

  close(): void {
    this.#agent.destroy()
  }

  #ask(call: ClientCall, ask: Ask): Promise<ClientEnd> {
    return new Promise(resolve => {
      const body = JSON.stringify(bodyOf(call, ask))
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${ask.key}` }
      const request = httpRequest(`${ask.url}/v1/chat/completions`, { method: 'POST', headers, agent: this.#agent })
      const leave = () => {
        resolve('left')
        request.destroy()
      }
      const stops = leavesEarly(call, ask.leave, leave)
      const end = (how: ClientEnd) => {
        stops()
        resolve(how)
      }
      request.once('error', () => end('broken'))
      request.once('response', response => {
        stops()
        this.#read(response, { call, leave: ask.leave, leaves: leave, end })
      })
      request.end(body)
    })
  }

  #read(response: IncomingMessage, { call, leave, leaves, end }: Reading): void {
    call.status = response.statusCode
    const id = response.headers['x-tollgate-call-id']
    call.callId = typeof id === 'string' ? id : undefined
    response.setEncoding('utf8')
    response.on('data', (text: string) => {
      call.text += text
      if (leave !== undefined && isTime(call.text, leave)) leaves()
    })
    response.once('end', () => end(endOf(call, response.complete)))
    response.once('error', () => end('broken'))
    response.once('aborted', () => end('broken'))
  }
}

interface Reading {
  readonly call: ClientCall
  readonly leave: Leave | undefined
  readonly leaves: () => void
  readonly end: (how: ClientEnd) => void
}

function bodyOf({ canary, streamed }: ClientCall, { model = 'fast', noted }: Ask): object {
  const content = `${canary} ${'please say something about the weather of tomorrow '.repeat(4)}`
  const metadata = noted !== undefined && { metadata: { spend_logs_metadata: { noted } } }
  return {
    model,
    messages: [{ role: 'user', content }],
    max_tokens: 60,
    ...metadata,
    ...(streamed && { stream: true }),
  }
}

/** Looks again and again whether it is time to leave before anything has come. Gives what ends the looking. */
function leavesEarly({ canary }: ClientCall, leave: Leave | undefined, go: () => void): () => void {
  if (leave === undefined || leave === 'before-done' || !('away' in leave)) return () => {}
  const timer = setInterval(() => {
    if (!leave.away(canary)) return
    clearInterval(timer)
    go()
  }, 2)
  return () => clearInterval(timer)
}

function isTime(text: string, leave: Leave): boolean {
  if (leave === 'before-done') return text.includes('"finish_reason":"stop"')
  return 'events' in leave && text.split('data: ').length > leave.events
}

function endOf({ status, streamed, text }: ClientCall, isWhole: boolean): ClientEnd {
  if (!isWhole) return 'broken'
  if (status !== 200) return 'refused'
  if (!streamed) return 'complete'
  if (text.endsWith('data: [DONE]\n\n')) return 'complete'
  return text.includes('data: {"error"') ? 'error-event' : 'broken'
}
