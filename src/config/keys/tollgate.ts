import { z } from 'zod'
import { effect, type Honoured, table, type ValuesOf } from './entry.ts'
import { budgets, limits, redis, tls, webhook } from './money.ts'
import * as value from './values.ts'

const settings = {
  request_timeout: [
    value.positiveSeconds,
    'Seconds until a call has its answer, or the first token of it, over all attempts. Default 600.',
  ],
  connect_timeout: [value.positiveSeconds, 'Seconds until a connection to an upstream stands. Default 10.'],
  max_attempts: [value.positiveCount, 'Attempts of one call, over all pools and fallbacks. Default 10.'],
  response_model: [
    value.oneOf('upstream', 'requested'),
    'The model named in answers: what the upstream says (default), or what the client asked for.',
  ],
  body_limit_mb: [value.amount, 'Megabytes of a request body. Default: general_settings.max_request_size_mb, else 32.'],
  listen: [value.map, 'Where the gateway listens: {host, port}. Default 127.0.0.1:4000.', ['host', 'port']],
  allowed_hosts: [value.texts, 'Names under which the gateway may be called (Host header). Default: any.'],
  cors_origins: [
    value.texts,
    'Origins whose pages may call from browsers (CORS), such as https://app.example.com; "*" for all. Default: LITELLM_CORS_ORIGINS, else none.',
  ],
  log: [
    value.oneOf('lines', 'json', 'none'),
    'What the gateway prints of each call on standard output: a line for people, the object of JSON lines, or nothing. Default lines.',
  ],
  price_map: [value.text, "A file of LiteLLM's price-map shape; relative to the configuration. Its prices win."],
  prices: [
    z
      .record(z.string(), value.map, { error: 'expected a map of models to prices' })
      .describe('a map of models to prices'),
    'Prices by model name, with the keys of a price map; they win over price_map.',
  ],
  telemetry: [value.map, 'Lines, traces and alerts.', ['jsonl', 'traces', 'hourly_budget_usd', 'capture_content']],
  routing: [
    value.map,
    'Pools that choose between pools.',
    [
      'tiers',
      'auto',
      'pool',
      'cheap',
      'capable',
      'cost_threshold_usd',
      'latency_threshold_ms',
      'assumed_output_tokens',
    ],
  ],
  store: [
    value.text,
    'Where keys, budgets and the ledger live: a path of an SQLite file, a URL as in general_settings.database_url (before which it goes), memory, or none. Default: .tollgate/tollgate.db for tollgate serve, none in process.',
  ],
  budgets: [value.map, 'How money is kept.', Object.keys(budgets)],
  limits: [value.map, 'What all callers together may ask.', Object.keys(limits)],
  redis: [value.map, "The Redis that replicas share, before what LiteLLM's keys say.", Object.keys(redis)],
  workers: [
    value.workers,
    'Processes of tollgate serve behind its one port, auto for one per core. --workers goes before. Default 1.',
  ],
} as const satisfies Record<string, Honoured>

const listen = {
  host: [value.text, 'The address. Default 127.0.0.1.'],
  port: [value.count, 'The port; 0 takes a free one. Default 4000.'],
} as const satisfies Record<string, Honoured>

const telemetry = {
  jsonl: [
    z
      .union([value.text, value.map], { error: 'expected a path or {path, max_bytes, max_files}' })
      .describe('a path or {path, max_bytes, max_files}'),
    'A file that gets one line of JSON per call: PATH, or {path, max_bytes, max_files}.',
    ['path', 'max_bytes', 'max_files'],
  ],
  traces: [
    value.map,
    'Where spans go: {exporter, mode, endpoint, protocol, headers, service_name}.',
    ['exporter', 'mode', 'endpoint', 'protocol', 'headers', 'service_name'],
  ],
  hourly_budget_usd: [
    value.usd,
    'US dollars; a rolling hour that costs more marks its spans llm.budget.exceeded. Each process counts by itself, each worker too.',
  ],
  capture_content: [value.flag, 'Prompts and answers are written into spans and lines. Default false.'],
} as const satisfies Record<string, Honoured>

const jsonl = {
  path: [value.text, 'The file; relative to the working directory.'],
  max_bytes: [value.positiveCount, 'Bytes after which a new file is begun. Default: never.'],
  max_files: [value.positiveCount, 'Files kept, the current one included. Default 5.'],
} as const satisfies Record<string, Honoured>

const traces = {
  exporter: [value.oneOf('none', 'console', 'otlp'), 'Default: otlp when an OTLP endpoint is known, else none.'],
  mode: [value.oneOf('batch', 'simple'), 'simple sends every span at once, for short scripts. Default batch.'],
  endpoint: [value.text, 'The OTLP endpoint. Default: OTEL_EXPORTER_OTLP_ENDPOINT.'],
  protocol: [
    value.oneOf('grpc', 'http/protobuf'),
    'Default: OTEL_EXPORTER_OTLP_PROTOCOL, else grpc to port 4317 and http/protobuf to others.',
  ],
  headers: [value.textMap, 'Sent to the OTLP endpoint.'],
  service_name: [value.text, 'Default: OTEL_SERVICE_NAME, else tollgate.'],
} as const satisfies Record<string, Honoured>

const routing = {
  tiers: [
    z.record(z.string(), value.map, { error: 'expected a map of pools to tiers' }).describe('a map of pools to tiers'),
    'Pools that choose by cost and latency: {POOL: {cheap, capable, cost_threshold_usd, ...}}.',
  ],
  auto: [
    z
      .record(z.string(), value.map, { error: 'expected a map of pools to their choice by task' })
      .describe('a map of pools to their choice by task'),
    'Pools that choose by task: {POOL: {pools: {math: POOL, ...}, classifier_pool, ...}}.',
  ],
  pool: [value.text, 'The name of the pool that the tier beside it describes. Default auto.'],
  cheap: [value.text, 'The pool for calls that are estimated to cost at most cost_threshold_usd.'],
  capable: [value.text, 'The pool for the others, and for when the cheap one is too slow.'],
  cost_threshold_usd: [value.usd, "US dollars, at the cheap pool's prices. Default 0.001."],
  latency_threshold_ms: [value.milliseconds, 'Rolling p50 above which a deployment is passed over. Default: any.'],
  assumed_output_tokens: [value.count, 'Output tokens assumed when the request does not limit them. Default 256.'],
} as const satisfies Record<string, Honoured>

const { cheap, capable, cost_threshold_usd, latency_threshold_ms, assumed_output_tokens } = routing
const tier = { cheap, capable, cost_threshold_usd, latency_threshold_ms, assumed_output_tokens } as const

const auto = {
  pools: [value.textMap, 'Task (math, code, creative, default, ...) to pool.'],
  classifier_pool: [value.text, 'The pool that is asked what the rules leave open. Default: nobody is asked.'],
  classifier_timeout: [value.positiveSeconds, 'Seconds the classifying call may take. Default 10.'],
  keywords: [
    z
      .record(z.string(), value.texts, { error: 'expected a map of tasks to lists of words' })
      .describe('a map of tasks to lists of words'),
    'Task to words that decide for it; replaces the built-in list of that task.',
  ],
} as const satisfies Record<string, Honoured>

export type TollgateValues = ValuesOf<typeof settings>
export type TierValues = ValuesOf<typeof tier>

/** Every map of `tollgate_settings`, by its path; documentation and schema are made from it. */
export const tollgateHonoured = {
  settings,
  listen,
  telemetry,
  jsonl,
  traces,
  routing,
  tier,
  auto,
  budgets,
  webhook,
  limits,
  redis,
  tls,
} as const

export const tollgateKeys = table(effect(settings))

/** The table of our own keys for the documentation: path, form and meaning of each. */
export const tollgateReference: readonly (readonly [path: string, form: string, meaning: string])[] = [
  ...rows('tollgate_settings', settings),
  ...rows('tollgate_settings.listen', listen),
  ...rows('tollgate_settings.telemetry', telemetry),
  ...rows('tollgate_settings.telemetry.jsonl', jsonl),
  ...rows('tollgate_settings.telemetry.traces', traces),
  ...rows('tollgate_settings.routing', routing),
  ...rows('tollgate_settings.routing.tiers.POOL', tier),
  ...rows('tollgate_settings.routing.auto.POOL', auto),
  ...rows('tollgate_settings.budgets', budgets),
  ...rows('tollgate_settings.budgets.webhook', webhook),
  ...rows('tollgate_settings.limits', limits),
  ...rows('tollgate_settings.redis', redis),
  ...rows('tollgate_settings.redis.tls', tls),
]

function rows(path: string, keys: Readonly<Record<string, Honoured>>) {
  return Object.entries(keys).map(([key, [type, meaning]]) => {
    return [`${path}.${key}`, type.description ?? 'see the schema', meaning] as const
  })
}
