import { Failure } from '../core/failure.ts'
import type { AttributeLimits } from './attribute-limits.ts'

export type ExporterName = 'console' | 'otlp'
export type OtlpProtocol = 'http/protobuf' | 'grpc'

/** Where spans go. What is absent is taken from OpenTelemetry's environment variables, then from the default. */
export interface TracingSettings {
  /** `OTEL_TRACES_EXPORTER`, a list; otlp when an OTLP endpoint is named; else none. */
  readonly exporter?: 'none' | ExporterName | readonly ExporterName[]
  /** `OTEL_EXPORTER_OTLP_[TRACES_]PROTOCOL`. Default: grpc to port 4317, which is registered for it, else `http/protobuf`. */
  readonly protocol?: OtlpProtocol
  /**
   * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` as it is, or `OTEL_EXPORTER_OTLP_ENDPOINT` with `/v1/traces` for HTTP, which is
   * also added to this one when it has no path. Default `http://localhost:4318`, for gRPC port 4317.
   */
  readonly endpoint?: string
  /** Sent with every export. Default `OTEL_EXPORTER_OTLP_[TRACES_]HEADERS`. */
  readonly headers?: Readonly<Record<string, string>>
  /** `simple` exports each span when it ends, for short scripts; `batch` (default) collects them, for servers. */
  readonly processor?: 'simple' | 'batch'
  /** `OTEL_SERVICE_NAME`. Default `tollgate`. */
  readonly serviceName?: string
  /** `OTEL_TRACES_SAMPLER`. Default `parentbased_always_on`. */
  readonly sampler?: SamplerName
  /** `OTEL_TRACES_SAMPLER_ARG`: the share of traces that a ratio sampler keeps, 0 to 1. Default 1. */
  readonly samplerRatio?: number
  /** Register the tracer for the whole process, so that other instrumentation uses it. Default false. */
  readonly registerGlobally?: boolean
  /** Spans that wait for a slow backend (`OTEL_BSP_MAX_QUEUE_SIZE`); later ones are dropped. Default 65,536. */
  readonly maxQueueSize?: number
  /** Spans per export (`OTEL_BSP_MAX_EXPORT_BATCH_SIZE`). Default 2,048. */
  readonly maxExportBatchSize?: number
}

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const

export type SamplerName = (typeof SAMPLERS)[number]

/** The settings with everything decided. */
export interface ResolvedTracing {
  /** Empty: nothing is exported. */
  readonly exporters: readonly ExporterName[]
  readonly protocol: OtlpProtocol
  /** As the exporter dials it. */
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  readonly processor: 'simple' | 'batch'
  readonly serviceName: string
  readonly resourceAttributes: Readonly<Record<string, string>>
  readonly sampler: SamplerName
  readonly samplerRatio: number
  readonly registerGlobally: boolean
  readonly maxQueueSize: number
  readonly maxExportBatchSize: number
  /** `OTEL_SPAN_ATTRIBUTE_[COUNT|VALUE_LENGTH]_LIMIT`; undefined when the environment sets none. */
  readonly attributeLimits: AttributeLimits | undefined
}

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Decides where spans go. https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 * @throws Failure for a value that nobody understands.
 */
export function resolveTracing(settings: TracingSettings, env: Environment): ResolvedTracing {
  const protocol = settings.protocol ?? protocolFrom(settings, env)
  const resourceAttributes = pairs(env.OTEL_RESOURCE_ATTRIBUTES)
  return {
    exporters: env.OTEL_SDK_DISABLED?.toLowerCase() === 'true' ? [] : exportersFrom(settings, env),
    protocol,
    endpoint: endpointFrom(settings, protocol, env),
    headers: settings.headers ?? {
      ...pairs(env.OTEL_EXPORTER_OTLP_HEADERS),
      ...pairs(env.OTEL_EXPORTER_OTLP_TRACES_HEADERS),
    },
    processor: settings.processor ?? 'batch',
    serviceName: settings.serviceName ?? env.OTEL_SERVICE_NAME ?? resourceAttributes['service.name'] ?? 'tollgate',
    resourceAttributes,
    sampler: settings.sampler ?? samplerFrom(env),
    samplerRatio: settings.samplerRatio ?? numberFrom('OTEL_TRACES_SAMPLER_ARG', env, 1),
    registerGlobally: settings.registerGlobally ?? false,
    maxQueueSize: settings.maxQueueSize ?? numberFrom('OTEL_BSP_MAX_QUEUE_SIZE', env, 65_536),
    maxExportBatchSize: settings.maxExportBatchSize ?? numberFrom('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', env, 2_048),
    attributeLimits: limitsFrom(env),
  }
}

function exportersFrom({ exporter }: TracingSettings, env: Environment): readonly ExporterName[] {
  if (exporter === 'none') return []
  if (exporter !== undefined) return typeof exporter === 'string' ? [exporter] : exporter
  const named = env.OTEL_TRACES_EXPORTER
  if (!named) return env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT ? ['otlp'] : []
  const names = named.split(',').map(name => name.trim())
  return names.filter(name => name !== '' && name !== 'none').map(exporterName)
}

function exporterName(name: string): ExporterName {
  if (name === 'otlp' || name === 'console') return name
  throw new Failure('internal', `OTEL_TRACES_EXPORTER: unknown exporter "${name}"; use otlp, console or none`)
}

function protocolFrom({ endpoint }: TracingSettings, env: Environment): OtlpProtocol {
  const dialled = endpoint ?? (env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT || '')
  const byPort = URL.canParse(dialled) && new URL(dialled).port === '4317' ? 'grpc' : 'http/protobuf'
  const name = env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || env.OTEL_EXPORTER_OTLP_PROTOCOL || byPort
  if (name === 'grpc' || name === 'http/protobuf') return name
  const advice = name === 'http/json' ? 'every collector that takes http/json takes http/protobuf' : 'use one of these'
  throw new Failure('internal', `OTEL_EXPORTER_OTLP_PROTOCOL: "${name}" is not http/protobuf or grpc; ${advice}`)
}

function endpointFrom(settings: TracingSettings, protocol: OtlpProtocol, env: Environment): string {
  const exact = settings.endpoint === undefined && env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
  const general = settings.endpoint ?? env.OTEL_EXPORTER_OTLP_ENDPOINT
  if (protocol === 'grpc') return exact || general || 'http://localhost:4317'
  if (exact) return checkedUrl(exact).href
  const url = checkedUrl(general || 'http://localhost:4318')
  // A path given in the settings is meant; one of the general variable is a base by OpenTelemetry's rules.
  if (settings.endpoint !== undefined && url.pathname !== '/') return url.href
  url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`
  return url.href
}

function checkedUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  // `localhost:4318` is a URL as well, whose scheme is `localhost`.
  if (url && /^https?:$/.test(url.protocol)) return url
  throw new Failure('internal', `the OTLP endpoint "${text}" is not a URL; write for example http://localhost:4318`)
}

function samplerFrom(env: Environment): SamplerName {
  const name = env.OTEL_TRACES_SAMPLER || 'parentbased_always_on'
  const found = SAMPLERS.find(each => each === name)
  if (found) return found
  throw new Failure('internal', `OTEL_TRACES_SAMPLER: unknown sampler "${name}"; use one of ${SAMPLERS.join(', ')}`)
}

function numberFrom(variable: string, env: Environment, otherwise: number): number {
  const text = env[variable]?.trim()
  if (!text) return otherwise
  const value = Number(text)
  if (Number.isFinite(value) && value >= 0) return value
  throw new Failure('internal', `${variable}: "${text}" is not a number`)
}

/** Each is named for spans, else for everything. */
function limitsFrom(env: Environment): AttributeLimits | undefined {
  const none = Number.POSITIVE_INFINITY
  const limit = (name: string) =>
    numberFrom(`OTEL_SPAN_ATTRIBUTE_${name}_LIMIT`, env, numberFrom(`OTEL_ATTRIBUTE_${name}_LIMIT`, env, none))
  const limits = { count: limit('COUNT'), valueLength: limit('VALUE_LENGTH') }
  return limits.count === none && limits.valueLength === none ? undefined : limits
}

/** `key=value,key=value`, values URL-encoded. */
function pairs(text: string | undefined): Record<string, string> {
  const found: Record<string, string> = {}
  for (const pair of text?.split(',') ?? []) {
    const at = pair.indexOf('=')
    if (at > 0) found[pair.slice(0, at).trim()] = decoded(pair.slice(at + 1).trim())
  }
  return found
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
