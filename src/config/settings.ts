import type { AccessSettings } from '../core/access-settings.ts'
import type { AddressRules } from '../core/address-range.ts'
import type { LimitSettings } from '../core/limit-settings.ts'
import type { LoggingRules } from '../core/logging.ts'
import type { NanoUsd } from '../core/money.ts'
import type { MoneySettings, StoreSettings } from '../core/money-settings.ts'
import type { RedisSettings } from '../core/redis-settings.ts'
import type { Secret } from '../core/secret.ts'
import type { RoutingSettings } from '../core/settings.ts'

/** Everything that a configuration says, compiled: nothing behind it knows a YAML key. */
export interface Settings {
  readonly routing: RoutingSettings
  readonly gateway: GatewaySettings
  readonly telemetry: TelemetrySettings
  readonly callbacks: CallbackSettings
  readonly store: StoreSettings
  readonly money: MoneySettings
  readonly access: AccessSettings
  readonly limits: LimitSettings
  /** What replicas share beside the store. Undefined: each counts for itself. */
  readonly redis?: RedisSettings
  /** Deployments that the management API adds are kept in the store, and used by all replicas. */
  readonly modelsInStore: boolean
  /** Processes that `tollgate serve` starts; `auto`: one per core. Default 1. */
  readonly workers: number | 'auto'
}

/** What the HTTP server needs to know. */
export interface GatewaySettings {
  /** The key that clients must send. Undefined: none was set, in which case only this machine should be served. */
  readonly masterKey?: Secret
  /** Lower case; carries the key instead of `authorization`. */
  readonly keyHeader?: string
  /** Names under which the gateway may be called (`Host`). Empty: any. */
  readonly allowedHosts: readonly string[]
  /** From where requests may come, but for those of public routes. Undefined: from anywhere. */
  readonly allowedAddresses?: AddressRules
  /** Origins whose pages may call from browsers (CORS); `*`: all. Empty: none. */
  readonly corsOrigins: readonly string[]
  readonly bodyLimitBytes: number
  readonly listen: { readonly host: string; readonly port: number }
  readonly log: 'lines' | 'json' | 'none'
  /** The model named in answers: what the upstream said, or what the client asked for. */
  readonly responseModel: 'upstream' | 'requested'
  /** Pools whose answers do otherwise, by the name that was asked for. */
  readonly responseModels: Readonly<Record<string, 'upstream' | 'requested'>>
  /** `GET /health` tells errors, times and rests. */
  readonly healthDetails: boolean
  /** There is a route that ends readiness; without a token it needs the master key. Undefined: there is none. */
  readonly drain?: { readonly token?: Secret }
  /** Replaces the model of every chat and completion request. */
  readonly completionModel?: string
  /** Request headers, lower case, that become tags of records (`extra_spend_tag_headers`). */
  readonly tagHeaders: readonly string[]
  /** Replaces the model of every embedding request. */
  readonly embeddingModel?: string
  /** Clients may choose after which silence their streams are sent a comment, where a deployment does not say. */
  readonly clientKeepalive: boolean
  /** Streams end with their usage unless the client says that it wants none. */
  readonly streamUsage: boolean
}

/** What is told to whom about calls. */
export interface TelemetrySettings {
  /** A file of JSON lines. */
  readonly jsonl?: JsonlSettings
  readonly traces: TraceSettings
  /** A rolling hour that costs more marks its spans. */
  readonly hourlyBudget?: NanoUsd
  /** Upstreams are told the trace that a call belongs to (`traceparent`). */
  readonly forwardTraceparent: boolean
  /** What records may hold. */
  readonly logging: LoggingRules
  /** Prompts and answers may be written into spans. */
  readonly captureContent: boolean
}

export interface JsonlSettings {
  readonly path: string
  /** Bytes after which a new file is begun; undefined: never. */
  readonly maxBytes?: number
  /** Files kept, the current one included. */
  readonly maxFiles: number
}

export interface TraceSettings {
  /** Absent: as OpenTelemetry's environment variables say. */
  readonly exporter?: 'none' | 'console' | 'otlp'
  /** `simple` exports every span at once and waits for it. */
  readonly mode: 'batch' | 'simple'
  readonly endpoint?: string
  readonly protocol?: 'grpc' | 'http/protobuf'
  /** Sent to the endpoint; each value may be a credential. Absent: those of the environment. */
  readonly headers?: Readonly<Record<string, Secret>>
  readonly serviceName?: string
}

/** Who is told of successes and failures. */
export interface CallbackSettings {
  readonly success: readonly Callback[]
  readonly failure: readonly Callback[]
  /** Of calls that begin. */
  readonly input: readonly Callback[]
  /** Of faults of tollgate's own services. */
  readonly service: readonly Callback[]
}

/** A built-in listener, or a JavaScript module of the operator's. */
export type Callback =
  | { readonly kind: 'otel' | 'console' | 'jsonl' }
  | { readonly kind: 'module'; readonly path: string; readonly exported: string }
