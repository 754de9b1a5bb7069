import { afterEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../src/config/load-config.ts'
import { open } from '../src/open-assembly.ts'
import { startUpstream, type Upstream } from '../src/testing/index.ts'
import { memoryTracer } from './support/memory-tracer.ts'
import { post } from './support/raw.ts'
import { Stage } from './support/stage.ts'
import { modelList, PLAIN } from './support/yaml.ts'

const stage = new Stage()
afterEach(() => stage.clear())

const messages = [{ role: 'user', content: 'hi' }]
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const PARENT = { traceparent: `00-${TRACE}-b7ad6b7169203331-01` }

function yaml(upstream: Upstream, more = '', params: object = {}): string {
  return modelList({ pool: 'm', baseUrl: upstream.baseUrl, params }) + PLAIN + more
}

describe('the trace at the upstream', () => {
  it('is continued unless the operator says otherwise', async () => {
    const upstream = await stage.upstream()
    const { tracer } = memoryTracer()
    const on = await stage.gateway(yaml(upstream), { tracer })
    await post(`${on.baseUrl}/chat/completions`, { model: 'm', messages }, PARENT)
    const off = await stage.gateway(
      yaml(upstream, 'litellm_settings: {forward_traceparent_to_llm_provider: false}\n'),
      {
        tracer,
      },
    )
    await post(`${off.baseUrl}/chat/completions`, { model: 'm', messages }, PARENT)
    expect(upstream.log[0]?.headers.traceparent).toContain(TRACE)
    expect(upstream.log[1]?.headers).not.toHaveProperty('traceparent')
  })

  it('is joined by silent copies', async () => {
    const upstream = await stage.upstream()
    const { tracer } = memoryTracer()
    const copy = { pool: 'copy', baseUrl: upstream.baseUrl }
    const original = { pool: 'm', baseUrl: upstream.baseUrl, params: { silent_model: 'copy' } }
    const { baseUrl, watch, lines } = await stage.gateway(modelList(original, copy) + PLAIN, { tracer })
    await post(`${baseUrl}/chat/completions`, { model: 'm', messages })
    await watch.ended(2)
    const traces = upstream.log.map(one => one.headers.traceparent?.slice(3, 35))
    expect(traces).toHaveLength(2)
    expect(new Set(traces).size).toBe(1)
    expect(new Set((await lines()).map(line => line.trace_id))).toEqual(new Set(traces))
  })
})

describe('return_response_headers', () => {
  it("shows the upstream's limits unless it is false", async () => {
    const upstream = await stage.upstream({ headers: { 'x-ratelimit-remaining-requests': '7' } })
    const on = await stage.gateway(yaml(upstream))
    const off = await stage.gateway(yaml(upstream, 'litellm_settings: {return_response_headers: false}\n'))
    const shown = await post(`${on.baseUrl}/chat/completions`, { model: 'm', messages })
    expect(shown.headers['x-ratelimit-remaining-requests']).toBe('7')
    const hidden = await post(`${off.baseUrl}/chat/completions`, { model: 'm', messages })
    expect(Object.keys(hidden.headers).filter(name => /ratelimit|llm_provider/.test(name))).toEqual([])
  })
})

describe('the exporter', () => {
  async function exporters(text: string, env: Record<string, string>) {
    const upstream = await startUpstream()
    stage.later(() => upstream.stop())
    const assembly = await open(loadConfig({ text: yaml(upstream, text) }, { env }), { env })
    stage.later(() => assembly.close())
    return assembly.tracing?.exporters
  }

  it('obeys the configuration before the environment, and the environment of the configuration too', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }
    expect(await exporters('', env)).toEqual(['otlp'])
    expect(await exporters('tollgate_settings: {telemetry: {traces: {exporter: none}}}\n', env)).toEqual([])
    const own = 'environment_variables: {OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9"}\n'
    expect(await exporters(own, {})).toEqual(['otlp'])
  })
})
