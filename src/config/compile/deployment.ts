import { createHash } from 'node:crypto'
import type { Deployment } from '../../core/deployment.ts'
import type { JsonObject } from '../../core/json.ts'
import { Secret } from '../../core/secret.ts'
import { isPriceKey } from '../../prices/price-keys.ts'
import { paramsKeys, REQUEST_DEFAULTS } from '../keys/deployment.ts'
import { isSecretName, redact } from '../redact.ts'
import type { Tree } from '../tree.ts'
import { type Connection, connect, type KeySource } from './connection.ts'
import { type CompileContext, defined, isProblem, type Problem } from './context.ts'
import {
  compileHealth,
  compileLogging,
  compileMock,
  compileParameters,
  compileSelection,
  compileTimeouts,
} from './deployment-parts.ts'
import type { DeploymentSource } from './deployment-source.ts'
import { compileLimits, compilePrice } from './price.ts'
import { compileProbe } from './probes.ts'

/** A deployment, and where its key was found. */
export interface CompiledDeployment {
  readonly deployment: Deployment
  readonly keySource: KeySource
}

/** Compiles one entry of `model_list`; several when it lists organizations. */
export function compileDeployment(
  source: DeploymentSource,
  context: CompileContext,
): readonly CompiledDeployment[] | Problem {
  const connection = connect(source, context)
  if (isProblem(connection)) return connection
  const organizations = source.values.params.organization ?? [context.litellm.organization]
  const shared = compileShared(source, connection, context)
  return organizations.map((organization, index) => {
    const id = deploymentId(source, index, organization)
    const entryId = source.anyProvider && deploymentId(source.anyProvider, index, organization)
    const deployment = { ...shared, id, ...defined({ entryId, organization }) }
    return { deployment, keySource: connection.keySource }
  })
}

function compileShared(
  source: DeploymentSource,
  connection: Connection,
  context: CompileContext,
): Omit<Deployment, 'id' | 'organization'> {
  const { params, info } = source.values
  const { intern } = context
  const insecure = (params.ssl_verify ?? context.litellm.ssl_verify) === false
  return {
    pool: source.values.entry.model_name ?? '',
    provider: connection.host.name,
    model: connection.model,
    baseUrl: connection.baseUrl,
    headers: compileHeaders(source, connection, context),
    defaults: intern(compileDefaults(source, context)),
    parameters: intern(compileParameters(source, context)),
    selection: compileSelection(source, context.findings),
    timeouts: intern(compileTimeouts(source)),
    health: intern(compileHealth(source, context)),
    price: intern(compilePrice(source, connection, context)),
    limits: intern(compileLimits(source, connection, context)),
    info: source.info,
    ...defined({
      apiKey: connection.apiKey,
      apiVersion: params.api_version ?? context.litellm.api_version ?? azureVersion(connection, context),
      anyProvider: source.anyProvider && (true as const),
      insecureTls: insecure || undefined,
      mock: compileMock(source, connection.host),
      silentPool: params.silent_model,
      accessGroups: info.access_groups && intern(info.access_groups),
      logging: compileLogging(source),
      probe: compileProbe(source, connection, context),
    }),
  }
}

function azureVersion({ host }: Connection, { env }: CompileContext): string | undefined {
  return host.protocol === 'azure' ? env.AZURE_API_VERSION || undefined : undefined
}

/** Its own id, or a hash that survives restarts, changes of order and new keys. */
function deploymentId(source: DeploymentSource, index: number, organization: string | undefined): string {
  const { info, entry } = source.values
  if (info.id !== undefined) return index === 0 ? info.id : `${info.id}-${index + 1}`
  const params = { ...redact(source.writtenParams), ...defined({ organization }) }
  return createHash('sha256')
    .update(canonicalJson([entry.model_name, params]))
    .digest('hex')
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

function compileHeaders(
  source: DeploymentSource,
  { host }: Connection,
  { litellm }: CompileContext,
): Deployment['headers'] {
  const { headers, extra_headers, user_agent } = source.values.params
  const project = host.name === 'openai' && litellm.project ? { 'openai-project': litellm.project } : {}
  const all = {
    ...project,
    ...litellm.headers,
    ...headers,
    ...extra_headers,
    ...(user_agent && { 'user-agent': user_agent }),
  }
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name.toLowerCase(), new Secret(value)]))
}

/** Request fields of the deployment, over those of `router_settings.default_litellm_params`. */
function compileDefaults(source: DeploymentSource, { router }: CompileContext): JsonObject {
  const shared = requestFields((router.default_litellm_params ?? {}) as Tree)
  return { ...shared, ...requestFields(source.params.value) }
}

/** What is sent upstream: known request fields, and whatever tollgate does not know itself. */
function requestFields(params: Tree): JsonObject {
  const sent = Object.entries(params).filter(([key, value]) => {
    if (value === null) return false
    if (REQUEST_DEFAULTS.includes(key)) return true
    return !paramsKeys.has(key) && !isPriceKey(key) && !isSecretName(key)
  })
  return Object.fromEntries(sent)
}
