import { expect, test } from 'vitest'
import { resolveTracing, type TracingSettings } from './tracing-settings.ts'

test('without being asked nothing is exported', () => {
  expect(resolveTracing({}, {}).exporters).toEqual([])
})

test.each<[TracingSettings, Record<string, string>, readonly string[]]>([
  [{ exporter: 'console' }, {}, ['console']],
  [{ exporter: 'none' }, { OTEL_TRACES_EXPORTER: 'otlp' }, []],
  [{ exporter: ['console', 'otlp'] }, {}, ['console', 'otlp']],
  [{}, { OTEL_TRACES_EXPORTER: 'otlp, console' }, ['otlp', 'console']],
  [{}, { OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, []],
  [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, ['otlp']],
  [{ exporter: 'otlp' }, { OTEL_SDK_DISABLED: 'true' }, []],
])('settings %o and environment %o export to %o', (settings, env, exporters) => {
  expect(resolveTracing(settings, env).exporters).toEqual(exporters)
})

test.each<[TracingSettings, Record<string, string>, string]>([
  [{}, {}, 'http://localhost:4318/v1/traces'],
  [{ protocol: 'grpc' }, {}, 'http://localhost:4317'],
  [{}, { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4317' }, 'http://c:4317'],
  [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, 'http://c:4318/v1/traces'],
  [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/base/' }, 'http://c:4318/base/v1/traces'],
  [{}, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318/mine' }, 'http://c:4318/mine'],
  [{ endpoint: 'http://c:4318' }, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://x' }, 'http://c:4318/v1/traces'],
  [{ endpoint: 'http://c:4318/mine' }, {}, 'http://c:4318/mine'],
])('settings %o and environment %o dial %s', (settings, env, endpoint) => {
  expect(resolveTracing(settings, env).endpoint).toBe(endpoint)
})

test.each<[TracingSettings, Record<string, string>, string]>([
  [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, 'http/protobuf'],
  [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4317' }, 'grpc'],
  [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }, 'http/protobuf'],
  [{ endpoint: 'http://c:4317' }, {}, 'grpc'],
  [{ endpoint: 'http://c:4318' }, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4317' }, 'http/protobuf'],
])('settings %o and environment %o speak %s', (settings, env, protocol) => {
  expect(resolveTracing(settings, env).protocol).toBe(protocol)
})

test('the rest of the environment', () => {
  const env = {
    OTEL_SERVICE_NAME: 'my-gateway',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=prod,team=a%20b',
    OTEL_TRACES_SAMPLER: 'traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.25',
    OTEL_EXPORTER_OTLP_HEADERS: 'x-team=abc,x-kind=general',
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-kind=traces',
    OTEL_BSP_MAX_QUEUE_SIZE: '10',
  }
  expect(resolveTracing({}, env)).toMatchObject({
    serviceName: 'my-gateway',
    resourceAttributes: { 'deployment.environment': 'prod', team: 'a b' },
    sampler: 'traceidratio',
    samplerRatio: 0.25,
    headers: { 'x-team': 'abc', 'x-kind': 'traces' },
    processor: 'batch',
    maxQueueSize: 10,
    maxExportBatchSize: 2048,
  })
})

test.each<[TracingSettings, Record<string, string>, RegExp]>([
  [{}, { OTEL_TRACES_EXPORTER: 'zipkin' }, /unknown exporter "zipkin"; use otlp, console or none/],
  [{}, { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }, /takes http\/protobuf/],
  [{}, { OTEL_TRACES_SAMPLER: 'sometimes' }, /unknown sampler "sometimes"/],
  [{}, { OTEL_TRACES_SAMPLER_ARG: 'half' }, /"half" is not a number/],
  [{ endpoint: 'collector' }, {}, /"collector" is not a URL/],
  [{ endpoint: 'localhost:4318' }, {}, /"localhost:4318" is not a URL/],
  [{ endpoint: 'localhost:4317' }, {}, /"localhost:4317" is not a URL/],
])('settings %o and environment %o are refused with advice', (settings, env, message) => {
  expect(() => resolveTracing(settings, env)).toThrow(message)
})

test('limits of attributes are those of the environment, for spans before those for everything', () => {
  expect(resolveTracing({}, {}).attributeLimits).toBeUndefined()
  const env = { OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '32', OTEL_ATTRIBUTE_COUNT_LIMIT: '64' }
  expect(resolveTracing({}, env).attributeLimits).toEqual({ count: 32, valueLength: Number.POSITIVE_INFINITY })
  expect(resolveTracing({}, { OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '100' }).attributeLimits?.valueLength).toBe(100)
})
