import { inspect } from 'node:util'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Upstream } from '../../src/testing/index.ts'
import { captureOutput } from './capture.ts'
import { errorOf, type RawAnswer, type RawRequest, raw } from './raw.ts'
import { Secrets } from './secrets.ts'
import { type Served, Stage } from './stage.ts'
import { modelList } from './yaml.ts'

export const CHAT = '/v1/chat/completions'
export const hello = [{ role: 'user', content: 'hello' }]

/** The body of a chat call with one user message, and what else is given. */
export const body = (more: object): object => ({ model: 'fast', messages: hello, ...more })

/** A gateway with fresh keys, of which everything is kept that it says and writes. */
export class Siege {
  readonly secrets: Secrets = new Secrets()
  readonly withKey: { readonly authorization: string } = { authorization: `Bearer ${this.secrets.master}` }
  readonly #stage = new Stage()
  readonly #exporter = new InMemorySpanExporter()
  readonly #output = captureOutput()
  readonly #answers: RawAnswer[] = []
  #running: { readonly upstream: Upstream; readonly served: Served } | undefined

  get upstream(): Upstream {
    return this.#parts().upstream
  }

  get served(): Served {
    return this.#parts().served
  }

  async begin(): Promise<void> {
    const upstream = await this.#stage.upstream()
    const pools = ['fast', 'spare'].map(pool => ({ pool, baseUrl: upstream.baseUrl, key: this.secrets.provider }))
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(this.#exporter)] })
    const warn = (message: string) => process.stderr.write(`${message}\n`)
    const yaml = modelList(...pools) + settings(this.secrets.master)
    const served = await this.#stage.gateway(yaml, { tracer: provider.getTracer('test'), warn })
    this.#running = { upstream, served }
  }

  async end(): Promise<void> {
    this.#output.stop()
    await this.#stage.clear()
  }

  /** One request with the key, kept for the search for secrets at the end. */
  readonly ask = async (path: string, request: RawRequest = {}): Promise<RawAnswer> => {
    const headers = { 'content-type': 'application/json', ...this.withKey }
    const answer = await raw(`${this.served.url}${path}`, { headers, ...request })
    this.#answers.push(answer)
    return answer
  }

  /** Posts a text as it is, anything else as JSON. */
  readonly say = (value: unknown, path = CHAT): Promise<RawAnswer> => {
    return this.ask(path, { body: typeof value === 'string' ? value : JSON.stringify(value) })
  }

  /** Tells how many requests the upstream has seen since. */
  readonly sinceNow = (): (() => number) => {
    const before = this.upstream.log.length
    return () => this.upstream.log.length - before
  }

  /** I7: no form of a key is in anything that got out. */
  async expectNoSecret(): Promise<void> {
    const { served } = this
    const spans = this.#exporter.getFinishedSpans()
    const places = {
      bodies: this.#answers.map(answer => answer.text).join('\n'),
      headers: JSON.stringify(this.#answers.map(answer => answer.headers)),
      lines: await served.linesText(),
      spans: JSON.stringify(
        spans.map(({ name, attributes, events, status }) => ({ name, attributes, events, status })),
      ),
      output: this.#output.text(),
      config: inspect(served.assembly.config, { depth: 20, maxArrayLength: null }),
      health: (await this.ask('/health', { method: 'GET' })).text,
    }
    expect(spans.length).toBeGreaterThan(0)
    expect(places.lines).not.toBe('')
    for (const [place, text] of Object.entries(places)) expect([place, ...this.secrets.foundIn(text)]).toEqual([place])
  }

  /** No answer was a fault of the gateway's own, and none shows its insides. */
  expectNoFault(): void {
    expect(this.#answers.filter(answer => answer.status === 500).map(answer => answer.text)).toEqual([])
    expect(this.#answers.filter(answer => /\bat .*\.(ts|mjs|js):\d+/.test(answer.text))).toEqual([])
  }

  #parts() {
    if (!this.#running) throw new Error('the gateway runs only within tests')
    return this.#running
  }
}

/** A gateway for all tests of a file. */
export function besiege(): Siege {
  const siege = new Siege()
  beforeAll(() => siege.begin())
  afterAll(() => siege.end())
  return siege
}

/** To stand at the end of a file. */
export function afterAllOfThis(siege: Siege): void {
  describe('I7: after all of this', () => {
    it('no key is in any body, header, line, span or output', async () => {
      await siege.say(body({}))
      await siege.expectNoSecret()
    })

    it('no answer was a fault of the gateway, none holds a stack, and it still answers', async () => {
      siege.expectNoFault()
      expect((await siege.say(body({}))).status).toBe(200)
    })
  })
}

/** OpenAI's error shape, without a trace of our own insides. */
export function expectRefusal(answer: RawAnswer, status: number, about: object = {}): void {
  expect(answer.status).toBe(status)
  expect(answer.headers['content-type']).toMatch(/^application\/json/)
  expect(answer.headers['x-request-id']).toMatch(/^[0-9A-Z]{26}$/)
  const error = errorOf(answer)
  const shape = { message: expect.any(String), type: expect.any(String), code: expect.any(String) }
  expect(error).toMatchObject({ ...shape, ...about })
  expect(error.message).not.toBe('')
  expect(answer.text).not.toMatch(/\.ts:|\.mjs:|node_modules|\bat \w+ \(/)
}

function settings(masterKey: string): string {
  return `router_settings: {num_retries: 0, disable_cooldowns: true}
general_settings: {master_key: ${masterKey}}
tollgate_settings:
  body_limit_mb: 1
`
}
