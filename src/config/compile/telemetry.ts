import type { LoggingRules } from '../../core/logging.ts'
import { usdToNano } from '../../core/money.ts'
import { Secret } from '../../core/secret.ts'
import { checkMembers } from '../check-keys.ts'
import type { Environment } from '../environment.ts'
import type { Honoured } from '../keys/entry.ts'
import type { LitellmValues } from '../keys/litellm.ts'
import { tollgateHonoured } from '../keys/tollgate.ts'
import * as value from '../keys/values.ts'
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
  const ofOtel = otelContent(context)
  const names = (kind: string) => [...callbacks.success, ...callbacks.failure].some(one => one.kind === kind)
  return {
    traces: compileTraces(section?.section('traces'), context, callbacks),
    forwardTraceparent: litellm.forward_traceparent_to_llm_provider ?? true,
    logging: compileLogging(litellm),
    captureContent: !litellm.turn_off_message_logging && (values.capture_content ?? ofOtel ?? false),
    ...defined({
      jsonl: compileJsonl(section, context) ?? (names('jsonl') ? { path: 'calls.jsonl', maxFiles: 5 } : undefined),
      hourlyBudget: budget === undefined ? undefined : usdToNano(budget),
    }),
  }
}

const OTEL_OPTIONS = {
  message_logging: [value.flag, 'Prompts and answers are written into spans, where capture_content does not say.'],
} as const satisfies Record<string, Honoured>

/** `callback_settings.otel.message_logging`; whatever else stands in `callback_settings` is said to have no effect. */
function otelContent({ document, findings }: CompileContext): boolean | undefined {
  const section = document.section('callback_settings')
  for (const name of Object.keys(section?.value ?? {})) {
    if (name === 'otel' || !section) continue
    const advice = 'name a JavaScript module under litellm_settings.callbacks instead'
    findings.report(section.subject(name), `accepted, no effect yet: ${advice}`)
  }
  const otel = section?.section('otel')
  checkMembers(otel, Object.keys(OTEL_OPTIONS), findings)
  return readValues(otel, OTEL_OPTIONS, findings).message_logging
}

/** What records may hold, by LiteLLM's switches. */
function compileLogging(litellm: LitellmValues): LoggingRules {
  return {
    messages: !litellm.turn_off_message_logging,
    streamedAnswers: !litellm.disable_streaming_logging,
    keys: !litellm.redact_user_api_key_info,
    errorTexts: !litellm.redact_messages_in_exceptions,
    obeyNoLog: !litellm.global_disable_no_log_param,
    obeyDisabling: litellm.allow_dynamic_callback_disabling ?? true,
    userAgentTags: !litellm.disable_add_user_agent_to_request_tags,
    excludedFields: litellm.standard_logging_payload_excluded_fields ?? [],
  }
}

function compileJsonl(telemetry: Section | undefined, { findings }: CompileContext): JsonlSettings | undefined {
  const value = own(telemetry?.value, 'jsonl')
  if (telemetry && value === '') findings.report(telemetry.subject('jsonl'), 'is empty, so no lines are written')
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
  const headers = Object.entries(values.headers ?? {}).map(([name, value]) => [name, new Secret(value)] as const)
  const kinds = new Set([...callbacks.success, ...callbacks.failure].map(callback => callback.kind))
  const fallback = kinds.has('console') ? { exporter: 'console' as const } : kinds.has('otel') ? otelCallback(env) : {}
  return {
    ...fallback,
    ...defined({ exporter: values.exporter ?? (values.endpoint === undefined ? undefined : ('otlp' as const)) }),
    mode: values.mode ?? 'batch',
    ...defined({
      endpoint: values.endpoint,
      protocol: values.protocol,
      serviceName: values.service_name,
      headers: headers.length > 0 ? Object.fromEntries(headers) : undefined,
    }),
  }
}

/**
 * LiteLLM's `otel` callback has variables of its own, `OTEL_EXPORTER` and `OTEL_ENDPOINT`, and writes to the console when
 * no endpoint is known. OpenTelemetry's own variables are read where spans are exported.
 */
function otelCallback(env: Environment): Pick<TraceSettings, 'exporter' | 'endpoint' | 'protocol'> {
  const { OTEL_EXPORTER: named, OTEL_ENDPOINT: endpoint } = env
  const known = endpoint || env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT
  const toConsole = named === 'console' || (!known && !named?.startsWith('otlp'))
  if (toConsole) return env.OTEL_TRACES_EXPORTER ? {} : { exporter: 'console' }
  return { exporter: 'otlp', ...defined({ endpoint, protocol: named === 'otlp_grpc' ? ('grpc' as const) : undefined }) }
}
