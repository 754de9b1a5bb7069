import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AssembleOptions, type Assembly, assemble } from '../../src/assemble.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import type { Event } from '../../src/core/event.ts'
import { createGateway, type Gateway, type ServerSettings } from '../../src/gateway/server.ts'
import type { CallLine } from '../../src/telemetry/index.ts'
import { startUpstream, type Upstream, type UpstreamOptions } from '../../src/testing/index.ts'
import { Watch } from './watch.ts'

/** A gateway as a test sees it: its address, and everything that it wrote down. */
export interface Served {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string
  /** `url` with `/v1`: what OpenAI clients take. */
  readonly baseUrl: string
  readonly assembly: Assembly
  readonly gateway: Gateway
  readonly watch: Watch
  readonly events: readonly Event[]
  /** The JSON lines so far, those that wait included. */
  lines(): Promise<readonly CallLine[]>
  /** The file that holds them, as text. */
  linesText(): Promise<string>
}

export interface ServeOptions extends AssembleOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly server?: ServerSettings
}

/** What a test sets up, and takes down again in reverse order. */
export class Stage {
  readonly #closers: (() => Promise<unknown>)[] = []

  /** Does this when the stage is cleared. */
  later(close: () => Promise<unknown>): void {
    this.#closers.push(close)
  }

  async clear(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close()
  }

  async upstream(options?: UpstreamOptions): Promise<Upstream> {
    const upstream = await startUpstream(options)
    this.later(() => upstream.stop())
    return upstream
  }

  /** A folder of its own, gone with the stage. */
  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'tollgate-test-'))
    this.later(async () => rmSync(folder, { recursive: true, force: true }))
    return folder
  }

  /** Serves a configuration, given as the text of its file, on 127.0.0.1 and any free port. */
  async gateway(yaml: string, options: ServeOptions = {}): Promise<Served> {
    const { env = {}, server, listeners = [], ...rest } = options
    const file = join(this.folder(), 'calls.jsonl')
    const config = loadConfig({ text: withLines(yaml, file) }, { env })
    const watch = new Watch()
    const assembly = assemble(config, { kind: 'server', ...rest, listeners: [watch.listener, ...listeners] })
    this.later(() => assembly.close())
    const keepaliveMs = config.settings.routing.timeouts.keepaliveMs
    const gateway = createGateway(assembly.router, { ...config.settings.gateway, keepaliveMs, ...server })
    this.later(() => gateway.stop(0))
    const url = await gateway.listen({ port: 0 })
    const linesText = async () => {
      await assembly.flush()
      return readFileSync(file, 'utf8')
    }
    const lines = async () => parseLines(await linesText())
    return { url, baseUrl: `${url}/v1`, assembly, gateway, watch, events: watch.events, lines, linesText }
  }
}

/** Every line as an object: a line that is not whole is an error. */
export function parseLines(text: string): CallLine[] {
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as CallLine)
}

/** A name that no other test run has, for keys and canaries. */
export function fresh(prefix: string): string {
  return `${prefix}${randomUUID().replaceAll('-', '')}${randomUUID().slice(0, 8)}`
}

function withLines(yaml: string, file: string): string {
  const line = `  telemetry: {jsonl: ${JSON.stringify(file)}, traces: {exporter: none}}\n`
  return yaml.includes('tollgate_settings:\n')
    ? yaml.replace('tollgate_settings:\n', `tollgate_settings:\n${line}`)
    : `${yaml.trimEnd()}\ntollgate_settings:\n${line}`
}
