import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import * as scripted from './scripted-call.ts'
import { traceCalls } from './spans.ts'
import { startTracing, type Tracing } from './start-tracing.ts'

/** One answered call through a tracing, after one that is refused. */
function oneCall(tracing: Tracing): void {
  const clock = scripted.manualClock()
  const { listener } = traceCalls({ tracer: tracing.tracer, clock })
  const call = scripted.call(clock, listener, { options: { strategyLabel: 'cost-aware' } })
  listener({ type: 'call-start', call })
  const attempt = scripted.begin(call, clock, scripted.decision(scripted.deployment()))
  clock.advance(52)
  const usage = { inputTokens: 20, outputTokens: 15 }
  scripted.finish(attempt, clock, { outcome: 'complete', usage }, { usage, cost: 12_000n })
  listener({ type: 'call-end', call, end: { outcome: 'complete', usage } })
}

interface Received {
  readonly path: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** A collector over HTTP that answers `status`. */
async function collector(status = 200) {
  const received: Received[] = []
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    received.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString('latin1') })
    response.writeHead(status).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { received, endpoint: `http://127.0.0.1:${port}`, close: () => server.close() }
}

test('without being asked there is no tracer', async () => {
  const tracing = await startTracing({}, {})
  expect(tracing.tracer).toBeUndefined()
  expect(await tracing.flush()).toBe(true)
  expect(await tracing.shutdown()).toBe(true)
})

test.each(['simple', 'batch'] as const)('spans arrive over HTTP with the %s processor', async processor => {
  const { received, endpoint, close } = await collector()
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'x-team=abc' }
  const tracing = await startTracing({ processor, serviceName: 'my-gateway' }, env)
  oneCall(tracing)
  expect(await tracing.flush()).toBe(true)
  expect(received.length).toBe(processor === 'simple' ? 3 : 1)
  for (const { path, headers, body } of received) {
    expect(path).toBe('/v1/traces')
    expect(headers).toMatchObject({ 'content-type': 'application/x-protobuf', 'x-team': 'abc' })
    expect(body).toContain('my-gateway')
  }
  const bodies = received.map(each => each.body).join('')
  for (const text of ['llm.completion', 'llm.route', 'chat fast-model', 'cost-aware']) expect(bodies).toContain(text)
  expect(await tracing.shutdown()).toBe(true)
  close()
})

test('spans arrive over gRPC', async () => {
  const received: Received[] = []
  const server = http2.createServer()
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      received.push({ path: String(headers[':path']), headers, body: Buffer.concat(chunks).toString('latin1') })
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(Buffer.alloc(5))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }
  const tracing = await startTracing({ headers: { 'x-team': 'abc' } }, env)
  oneCall(tracing)
  expect(await tracing.shutdown()).toBe(true)
  expect(received.map(each => each.path)).toEqual(['/opentelemetry.proto.collector.trace.v1.TraceService/Export'])
  expect(received[0]?.body).toContain('llm.completion')
  expect(received[0]?.headers).toMatchObject({ 'x-team': 'abc' })
  server.close()
})

test('a backend that refuses is reported, and flush says so', async () => {
  const { endpoint, close } = await collector(400)
  const errors: unknown[] = []
  const tracing = await startTracing({ exporter: 'otlp', endpoint }, {}, { onError: error => errors.push(error) })
  oneCall(tracing)
  expect(await tracing.flush()).toBe(false)
  expect(errors).toHaveLength(1)
  await tracing.shutdown()
  close()
})

test('a backend that never answers holds nobody up beyond the bound', async () => {
  const server = http.createServer(() => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const tracing = await startTracing({ exporter: 'otlp', endpoint: `http://127.0.0.1:${port}` }, {})
  oneCall(tracing)
  expect(await tracing.shutdown(20)).toBe(false)
  server.closeAllConnections()
  server.close()
})

test('a burst of 40,000 spans is exported without loss', async () => {
  const { received, endpoint, close } = await collector()
  const tracing = await startTracing({ exporter: 'otlp', endpoint }, {})
  for (let n = 0; n < 40_000; n++) tracing.tracer?.startSpan('burst-of-spans').end()
  expect(await tracing.flush(30_000)).toBe(true)
  const count = received.reduce((sum, { body }) => sum + body.split('burst-of-spans').length - 1, 0)
  expect(count).toBe(40_000)
  await tracing.shutdown()
  close()
})

test('the sampler of the environment decides', async () => {
  const printed: string[] = []
  const env = { OTEL_TRACES_EXPORTER: 'console', OTEL_TRACES_SAMPLER: 'always_off' }
  const tracing = await startTracing({}, env, { print: text => printed.push(text) })
  oneCall(tracing)
  await tracing.shutdown()
  expect(printed).toEqual([])
})

test('the console shows a trace as a tree', async () => {
  const printed: string[] = []
  const print = (text: string) => printed.push(text)
  const tracing = await startTracing({ exporter: 'console', processor: 'simple' }, { NO_COLOR: '1' }, { print })
  oneCall(tracing)
  await tracing.flush()
  expect(printed).toHaveLength(1)
  const lines = (printed[0] ?? '').split('\n')
  expect(lines[0]).toMatch(/^trace [0-9a-f]{32}$/)
  expect(lines[1]).toBe('● chat fast-model  52 ms')
  expect(lines).toContain('  ● llm.completion  52 ms')
  const at = lines.findIndex(line => line.startsWith('      llm.      provider='))
  expect(lines.slice(at, at + 2)).toEqual([
    '      llm.      provider=openai  model=gpt-4o-mini  routing_strategy=cost-aware  latency_ms=52  input_tokens=20',
    '                output_tokens=15  cost_usd=0.000012',
  ])
  for (const line of lines.filter(each => !each.includes('candidates='))) expect(line.length).toBeLessThan(130)
  await tracing.shutdown()
})

test('nothing but the API is imported before the first span ends', () => {
  const directory = new URL('.', import.meta.url)
  const sources = readdirSync(directory).filter(
    name => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'traced-call.ts' && name !== 'pipeline.ts',
  )
  const imported = sources.flatMap(name => {
    const text = readFileSync(new URL(name, directory), 'utf8')
    return [...text.matchAll(/^(?:import|export) (?!type )[^;']*?from '(@opentelemetry[^']+|.\/pipeline.ts)'/gm)]
  })
  expect(new Set(imported.map(match => match[1]))).toEqual(new Set(['@opentelemetry/api']))
})
