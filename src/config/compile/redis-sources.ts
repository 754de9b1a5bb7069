import type { Subject } from '../finding.ts'
import type { Honoured } from '../keys/entry.ts'
import { tollgateHonoured } from '../keys/tollgate.ts'
import * as value from '../keys/values.ts'
import { readValues } from '../read-values.ts'
import { own, type Section } from '../tree.ts'
import { type CompileContext, defined, toMs } from './context.ts'

/** What one place says of Redis, in one set of words. */
export interface RedisSource {
  readonly values: RedisValues
  /** What a finding about it is about. */
  readonly subject: Subject
}

export interface RedisValues {
  readonly url?: string
  readonly host?: string
  readonly port?: number
  readonly username?: string
  readonly password?: string
  readonly db?: number
  readonly tls?: boolean
  readonly verify?: boolean
  readonly verifyHost?: boolean
  readonly caFile?: string
  readonly nodes?: readonly { readonly host: string; readonly port?: number | undefined }[]
  readonly service?: string
  readonly sentinelPassword?: string
  readonly namespace?: string
  readonly connectTimeoutMs?: number
  readonly commandTimeoutMs?: number
}

/** All that is said of Redis, the strongest first. */
export function redisSources(context: CompileContext): readonly RedisSource[] {
  const sources = [ofTollgate(context), ofRouter(context), ofCache(context)]
  // Variables of the application that a library is part of are not taken without a word in the configuration.
  const wanted = context.serves || sources.some(one => one !== undefined)
  return [...sources, wanted ? ofEnvironment(context) : undefined].filter(one => one !== undefined)
}

function ofTollgate({ document, findings }: CompileContext): RedisSource | undefined {
  const section = document.section('tollgate_settings')?.section('redis')
  if (!section) return undefined
  const { nodes, service, sentinel_password, connect_timeout_ms, command_timeout_ms, tls, ...same } = readValues(
    section,
    tollgateHonoured.redis,
    findings,
  )
  const options = readValues(section.section('tls'), tollgateHonoured.tls, findings)
  const values = defined({
    ...same,
    service,
    sentinelPassword: sentinel_password,
    nodes: nodes?.map(node => (typeof node === 'string' ? nodeOf(node) : node)),
    connectTimeoutMs: connect_timeout_ms,
    commandTimeoutMs: command_timeout_ms,
    tls: tls === undefined ? undefined : tls !== false,
    verify: options.verify,
    verifyHost: options.verify_host,
    caFile: options.ca_file,
  })
  return {
    values,
    subject: { path: section.path, place: document.section('tollgate_settings')?.subject('redis').place },
  }
}

/** What LiteLLM's Redis client takes beside host, port and password. */
const CLIENT_OPTIONS = {
  db: [value.count, ''],
  username: [value.text, ''],
  ssl: [value.flag, ''],
  ssl_cert_reqs: [value.anything, ''],
  ssl_check_hostname: [value.flag, ''],
  ssl_ca_certs: [value.text, ''],
} as const satisfies Record<string, Honoured>

const CACHE_OPTIONS = {
  ...CLIENT_OPTIONS,
  type: [value.text, ''],
  host: [value.text, ''],
  port: [value.positiveCount, ''],
  password: [value.text, ''],
  url: [value.text, ''],
  namespace: [value.text, ''],
  redis_startup_nodes: [value.maps, ''],
  service_name: [value.text, ''],
  sentinel_nodes: [value.anything, ''],
  sentinel_password: [value.text, ''],
} as const satisfies Record<string, Honoured>

function clientValues(section: Section | undefined, { findings }: CompileContext): RedisValues {
  const values = readValues(section, CLIENT_OPTIONS, findings)
  const required = own(section?.value, 'ssl_cert_reqs')
  return defined({
    db: values.db,
    username: values.username,
    tls: values.ssl,
    verify: required === undefined ? undefined : !/^(none|cert_none|0|false)$/i.test(String(required)),
    verifyHost: values.ssl_check_hostname,
    caFile: values.ssl_ca_certs,
  })
}

function ofRouter(context: CompileContext): RedisSource | undefined {
  const { router, document } = context
  const { redis_host, redis_port, redis_password, redis_url, redis_db } = router
  const options = clientValues(document.section('router_settings')?.section('cache_kwargs'), context)
  const named = { url: redis_url, host: redis_host, port: redis_port, password: redis_password }
  const values = defined({ ...named, ...options, db: options.db ?? redis_db })
  if (Object.keys(values).length === 0) return undefined
  const key = redis_url === undefined ? 'redis_host' : 'redis_url'
  return { values, subject: document.section('router_settings')?.subject(key) ?? { path: `router_settings.${key}` } }
}

const REDIS_TYPES = ['redis', 'redis-semantic']

/** `cache_params`, of type redis, or of no type and with a place. What it says of the cache itself is not ours. */
function ofCache(context: CompileContext): RedisSource | undefined {
  const { document, findings } = context
  const litellm = document.section('litellm_settings')
  const section = litellm?.section('cache_params')
  if (!litellm || !section) return undefined
  const read = readValues(section, CACHE_OPTIONS, findings)
  sayNotCached(section, context)
  const hasPlace = [read.host, read.url, read.redis_startup_nodes, read.sentinel_nodes].some(one => one !== undefined)
  if (read.type === undefined ? !hasPlace : !REDIS_TYPES.includes(read.type)) return undefined
  const sentinels = nodeList(read.sentinel_nodes)
  const values = defined({
    ...clientValues(section, context),
    url: read.url,
    host: read.host,
    port: read.port,
    password: read.password,
    namespace: read.namespace,
    nodes: sentinels ?? nodeList(read.redis_startup_nodes),
    service: sentinels && (read.service_name ?? 'mymaster'),
    sentinelPassword: read.sentinel_password,
  })
  return { values, subject: { path: section.path, place: litellm.subject('cache_params').place } }
}

function sayNotCached(section: Section, { findings }: CompileContext): void {
  const rest = Object.keys(section.value).filter(key => !Object.hasOwn(CACHE_OPTIONS, key))
  for (const key of rest) findings.note(section.subject(key), 'accepted, no effect yet: the response cache')
}

function ofEnvironment({ env }: CompileContext): RedisSource | undefined {
  const sentinels = nodeList(env.REDIS_SENTINEL_NODES)
  const values = defined({
    url: env.REDIS_URL || undefined,
    host: env.REDIS_HOST || undefined,
    port: portOf(env.REDIS_PORT),
    username: env.REDIS_USERNAME || undefined,
    password: env.REDIS_PASSWORD || undefined,
    tls: env.REDIS_SSL ? /^(true|1|yes|on)$/i.test(env.REDIS_SSL) : undefined,
    nodes: sentinels ?? nodeList(env.REDIS_CLUSTER_NODES),
    service: sentinels && (env.REDIS_SERVICE_NAME || 'mymaster'),
    sentinelPassword: env.REDIS_SENTINEL_PASSWORD || undefined,
    commandTimeoutMs: toMs(positive(env.REDIS_SOCKET_TIMEOUT)),
  })
  if (Object.keys(values).length === 0) return undefined
  return { values, subject: { path: 'the environment variables REDIS_*' } }
}

function positive(text: string | undefined): number | undefined {
  const number = Number(text)
  return number > 0 && Number.isFinite(number) ? number : undefined
}

function portOf(text: string | undefined): number | undefined {
  const port = positive(text)
  return Number.isInteger(port) ? port : undefined
}

/** Nodes as LiteLLM takes them: maps, pairs or `host:port`, also as JSON. What is none stays and is found out later. */
function nodeList(written: unknown): RedisValues['nodes'] {
  if (typeof written === 'string') {
    try {
      return nodeList(JSON.parse(written))
    } catch {
      return written.trim() === '' ? undefined : written.split(',').map(nodeOf)
    }
  }
  if (!Array.isArray(written) || written.length === 0) return undefined
  return written.map(one => {
    if (typeof one === 'string') return nodeOf(one)
    const [host, port] = Array.isArray(one) ? one : [one?.host, one?.port]
    return { host: typeof host === 'string' ? host : '', port: portOf(port === undefined ? undefined : String(port)) }
  })
}

/** `host:port`, or `host`; IPv6 in brackets. */
function nodeOf(text: string): { host: string; port?: number | undefined } {
  const match = /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(text.trim())
  return { host: match?.[1] ?? '', port: portOf(match?.[2]) }
}
