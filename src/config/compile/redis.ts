import {
  REDIS_DEFAULTS,
  type RedisNode,
  type RedisPlace,
  type RedisSettings,
  type RedisTls,
} from '../../core/redis-settings.ts'
import { Secret } from '../../core/secret.ts'
import type { Subject } from '../finding.ts'
import { type CompileContext, defined } from './context.ts'
import { type RedisSource, redisSources } from './redis-sources.ts'

/**
 * The Redis that replicas share; undefined: there is none. Where it is comes from the first source that says so, of
 * `tollgate_settings.redis`, `router_settings`, `cache_params` and the environment; every other option from the first
 * that has it, so that a password may stand apart from the host.
 */
export function compileRedis(context: CompileContext): RedisSettings | undefined {
  const sources = redisSources(context)
  const source = sources.find(saysWhere)
  const place = source && placeOf(source, sources, context)
  if (!source || !place) return undefined
  const db = first(sources, 'db')
  if (place.kind === 'cluster' && db !== undefined && db !== 0)
    context.findings.error(source.subject, 'a cluster has only the database 0')
  const timeouts = {
    connectTimeoutMs: first(sources, 'connectTimeoutMs'),
    commandTimeoutMs: first(sources, 'commandTimeoutMs'),
  }
  const password = first(sources, 'password')
  return {
    ...REDIS_DEFAULTS,
    place,
    ...defined({
      ...timeouts,
      db,
      username: first(sources, 'username'),
      password: password === undefined ? undefined : new Secret(password),
      tls: tlsOf(sources, context),
      namespace: first(sources, 'namespace'),
    }),
  }
}

function saysWhere({ values }: RedisSource): boolean {
  return values.url !== undefined || values.host !== undefined || (values.nodes ?? []).length > 0
}

function first<Key extends keyof RedisSource['values']>(
  sources: readonly RedisSource[],
  key: Key,
): RedisSource['values'][Key] | undefined {
  return sources.find(one => one.values[key] !== undefined)?.values[key]
}

function placeOf(
  { values, subject }: RedisSource,
  sources: readonly RedisSource[],
  context: CompileContext,
): RedisPlace | undefined {
  if (values.nodes && values.nodes.length > 0) {
    const service = values.service
    const nodes = nodesOf(values.nodes, service === undefined ? 6379 : 26_379, { subject, context })
    if (service === undefined) return nodes && { kind: 'cluster', nodes }
    const word = first(sources, 'sentinelPassword')
    return (
      nodes && { kind: 'sentinel', nodes, service, ...(word !== undefined && { sentinelPassword: new Secret(word) }) }
    )
  }
  if (values.url !== undefined) return urlOf(values.url, subject, context)
  const [node] = nodesOf([{ host: values.host ?? '', port: values.port }], 6379, { subject, context }) ?? []
  return node && { kind: 'node', ...node }
}

function urlOf(url: string, subject: Subject, { findings }: CompileContext): RedisPlace | undefined {
  if (/^rediss?:\/\//i.test(url) && URL.canParse(url)) return { kind: 'url', url: new Secret(url) }
  findings.error(subject, 'the URL of Redis must be redis://USER:PASSWORD@HOST:6379/0, or rediss:// for TLS')
  return undefined
}

interface Where {
  readonly subject: Subject
  readonly context: CompileContext
}

/** Undefined, and an error, when one of them is no node. */
function nodesOf(
  nodes: NonNullable<RedisSource['values']['nodes']>,
  port: number,
  { subject, context }: Where,
): readonly RedisNode[] | undefined {
  const read = nodes.map(({ host, port: own = port }) => ({ host: host.trim(), port: own }))
  if (read.every(one => one.host !== '' && !/[\s/@]/.test(one.host) && one.port <= 65_535)) return read
  context.findings.error(subject, 'a node of Redis must be a host and a port from 1 to 65535')
  return undefined
}

/** `tls: true` or `ssl: true`, or an option that only TLS has. `false` in an earlier source switches it off. */
function tlsOf(sources: readonly RedisSource[], context: CompileContext): RedisTls | undefined {
  const wanted = first(sources, 'tls')
  const source = sources.find(one => one.values.caFile !== undefined)
  const options = defined({
    verify: first(sources, 'verify'),
    verifyHost: first(sources, 'verifyHost'),
    ca: source && caOf(source, context),
  })
  return wanted === true || (wanted === undefined && Object.keys(options).length > 0) ? options : undefined
}

function caOf({ values, subject }: RedisSource, { readBeside, findings }: CompileContext): string | undefined {
  try {
    const text = readBeside(values.caFile ?? '')
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text
    findings.error(subject, `the file ${values.caFile} holds no PEM certificate`)
  } catch {
    findings.error(subject, `the file ${values.caFile} cannot be read`)
  }
  return undefined
}
