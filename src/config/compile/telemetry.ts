import { usdToNano } from '../../core/money.ts'
import { Secret } from '../../core/secret.ts'
import { checkMembers } from '../check-keys.ts'
import { tollgateHonoured } from '../keys/tollgate.ts'
import { readValues } from '../read-values.ts'
import type { CallbackSettings, JsonlSettings, TelemetrySettings, TraceSettings } from '../settings.ts'
import { own, type Section } from '../tree.ts'
import { type CompileContext, defined } from './context.ts'

/** Lines, traces and alerts. */
export function compileTelemetry(context: CompileContext, callbacks: CallbackSettings): TelemetrySettings {
  const { findings, document, litellm } = context
  const section = document.section('tollgate_settings')?.section('telemetry')
  const values = readValues(section, tollgateHonoured.telemetry, findings)
  const budget = values.hourly_budget_usd
  return {
    traces: compileTraces(section?.section('traces'), context, callbacks),
    captureContent: litellm.turn_off_message_logging ? false : (values.capture_content ?? false),
    ...defined({
      jsonl: compileJsonl(section, context),
      hourlyBudget: budget === undefined ? undefined : usdToNano(budget),
    }),
  }
}

function compileJsonl(telemetry: Section | undefined, { findings }: CompileContext): JsonlSettings | undefined {
  const value = own(telemetry?.value, 'jsonl')
  if (typeof value === 'string') return value ? { path: value, maxFiles: 5 } : undefined
  const section = telemetry?.section('jsonl')
  if (!section) return undefined
  const { path, max_bytes, max_files } = readValues(section, tollgateHonoured.jsonl, findings)
  if (!path) {
    findings.error({ path: `${section.path}.path`, place: telemetry?.subject('jsonl').place }, 'is required')
    return undefined
  }
  return { path, maxFiles: max_files ?? 5, ...defined({ maxBytes: max_bytes }) }
}

function compileTraces(
  section: Section | undefined,
  { findings, env }: CompileContext,
  callbacks: CallbackSettings,
): TraceSettings {
  checkMembers(section, Object.keys(tollgateHonoured.traces), findings)
  const values = readValues(section, tollgateHonoured.traces, findings)
  const endpoint = values.endpoint ?? env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? env.OTEL_EXPORTER_OTLP_ENDPOINT
  const otel = [...callbacks.success, ...callbacks.failure].some(callback => callback.kind === 'otel')
  const headers = Object.entries(values.headers ?? {}).map(([name, value]) => [name, new Secret(value)] as const)
  return {
    exporter: values.exporter ?? defaultExporter(endpoint || undefined, otel, env.OTEL_EXPORTER),
    mode: values.mode ?? 'batch',
    headers: Object.fromEntries(headers),
    serviceName: values.service_name ?? (env.OTEL_SERVICE_NAME || 'tollgate'),
    ...defined({
      endpoint: endpoint || undefined,
      protocol: values.protocol ?? protocolOf(env.OTEL_EXPORTER_OTLP_PROTOCOL),
    }),
  }
}

/** LiteLLM's `otel` callback writes to the console unless an endpoint is known; without it nothing is exported. */
function defaultExporter(endpoint: string | undefined, otel: boolean, named: string | undefined) {
  if (endpoint) return 'otlp'
  if (!otel) return 'none'
  return named?.startsWith('otlp') ? 'otlp' : 'console'
}

function protocolOf(name: string | undefined): TraceSettings['protocol'] {
  if (name === 'grpc') return 'grpc'
  return name?.startsWith('http') ? 'http/protobuf' : undefined
}
