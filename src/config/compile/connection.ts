import { Secret } from '../../core/secret.ts'
import { findHost, findHostByUrl } from '../../providers/catalogue.ts'
import type { Host } from '../../providers/host.ts'
import { type ModelName, splitModel } from '../../providers/model-name.ts'
import { variableOf } from '../environment.ts'
import { PROVIDER_KEY_NAMES } from '../keys/litellm.ts'
import { own } from '../tree.ts'
import { type CompileContext, isProblem, type Problem, problem } from './context.ts'
import type { DeploymentSource } from './deployment-source.ts'

/** Where the key of a deployment was found; never the key itself. */
export type KeySource =
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'credential'; readonly name: string }
  | { readonly kind: 'configuration' }
  | { readonly kind: 'none' }

/** How a deployment is reached. */
export interface Connection {
  readonly host: Host
  readonly model: string
  readonly baseUrl: string
  readonly apiKey?: Secret
  readonly keySource: KeySource
}

/** Finds host, address and key of a deployment. */
export function connect(source: DeploymentSource, context: CompileContext): Connection | Problem {
  const named = findModel(source)
  if (isProblem(named)) return named
  const host = findHost(named.provider)
  if (!host) return problem('report', 'model', `left out: tollgate cannot dial the provider ${named.provider} yet`)
  const baseUrl = findBaseUrl(source, host, context)
  if (typeof baseUrl !== 'string') return baseUrl
  sayWhoseNames(source, host, context)
  const key = findKey(source, { host, baseUrl, context })
  return isProblem(key) ? key : { host, model: named.model, baseUrl, ...key }
}

/** A `*` with a key of its own is the key's provider's: which one that is, nobody says. */
function sayWhoseNames(
  { values: { params }, params: section }: DeploymentSource,
  host: Host,
  { findings }: CompileContext,
) {
  if (params.model !== '*' || params.api_key === undefined) return
  if ((params.custom_llm_provider ?? params.api_base ?? params.base_url) !== undefined) return
  const advice = 'without api_key, names go to the providers that they tell, with the keys of the environment'
  findings.report(section.subject('model'), `every name is asked of ${host.name}, whatever stands before it; ${advice}`)
}

function findModel({ values, params }: DeploymentSource): ModelName | Problem {
  const name = values.params.model ?? ''
  const split = splitModel(name, values.params.custom_llm_provider)
  if (split) return split
  const base = own(params.value, 'api_base') ?? own(params.value, 'base_url')
  if (typeof base === 'string') return { provider: findHostByUrl(base)?.name ?? 'custom_openai', model: name }
  return problem('error', 'model', `names no provider that is known: write provider/model, as in openai/${name}`)
}

function findBaseUrl(source: DeploymentSource, host: Host, { env, litellm }: CompileContext): string | Problem {
  const { api_base, base_url } = source.values.params
  const written = api_base ?? base_url ?? (host.protocol === 'mock' ? undefined : litellm.api_base)
  const variable = host.baseUrlVariables.map(name => env[name]).find(value => value)
  const chosen = written || variable || host.baseUrl
  const key = api_base === undefined && base_url !== undefined ? 'base_url' : 'api_base'
  if (!chosen) {
    const names = host.baseUrlVariables
    const alternative = names.length > 0 ? ` (or the variable ${names.join(' or ')})` : ''
    return problem('report', key, `left out: ${host.name} needs api_base${alternative}`, names)
  }
  if (!URL.canParse(chosen)) return problem('error', key, 'is not a URL')
  const url = new URL(chosen)
  if (host.protocol !== 'mock' && !/^https?:$/.test(url.protocol)) return problem('error', key, 'is not an http(s) URL')
  return trimBaseUrl(chosen, host, url)
}

const PATHS_OF_PROTOCOLS = {
  openai: /\/(chat\/completions|completions|embeddings)$/,
  anthropic: /(\/v1)?(\/messages)?$/,
  azure: /\/openai(\/.*)?$/,
  mock: /$^/,
} as const

/** Takes off what the protocol puts behind it by itself, and a slash at the end. */
function trimBaseUrl(chosen: string, host: Host, url: URL): string {
  const bare = chosen.replace(/\/+$/, '').replace(PATHS_OF_PROTOCOLS[host.protocol], '').replace(/\/+$/, '')
  return host.basePath && url.pathname === '/' ? `${bare}${host.basePath}` : bare
}

type Key = Pick<Connection, 'apiKey' | 'keySource'>
type KeySearch = { readonly host: Host; readonly baseUrl: string; readonly context: CompileContext }

function findKey(source: DeploymentSource, search: KeySearch): Key | Problem {
  const written = own(source.writtenParams, 'api_key')
  const variable = variableOf(written)
  const value = source.values.params.api_key
  if (value) {
    const found: KeySource = variable ? { kind: 'variable', name: variable } : { kind: 'configuration' }
    const filledIn = source.credential !== undefined && found.kind === 'configuration'
    const keySource = filledIn ? ({ kind: 'credential', name: source.credential } as KeySource) : found
    return { apiKey: new Secret(value), keySource }
  }
  const shared = variable === undefined ? sharedKey(search) : undefined
  if (shared) return shared
  return withoutKey(source, search, variable === undefined ? search.host.keyVariables : [variable])
}

/** Keys that several deployments share: those of `litellm_settings`, then the host's own variables. */
function sharedKey({ host, context }: KeySearch): Key | undefined {
  const settings = context.document.section('litellm_settings')?.value
  const names = Object.entries(PROVIDER_KEY_NAMES).filter(([, provider]) => provider === host.name)
  for (const name of [...names.map(([name]) => name), 'api_key']) {
    const value = own(settings, name)
    if (typeof value === 'string' && value) return { apiKey: new Secret(value), keySource: { kind: 'configuration' } }
  }
  for (const name of host.keyVariables) {
    const value = context.env[name]
    if (value) return { apiKey: new Secret(value), keySource: { kind: 'variable', name } }
  }
  return undefined
}

/** A mocked deployment, an open server, and whatever listens on this machine do without a key. */
function withoutKey(
  source: DeploymentSource,
  { host, baseUrl }: KeySearch,
  variables: readonly string[],
): Key | Problem {
  const { params } = source.values
  const mocked = params.mock_response !== undefined || params.mock_timeout || params.mock_tool_calls !== undefined
  if (!host.keyRequired || mocked || isThisMachine(baseUrl)) return { keySource: { kind: 'none' } }
  if (params.api_key === '') return problem('error', 'api_key', 'is empty')
  const model = `${host.name}/${splitModel(params.model ?? '')?.model ?? params.model}`
  const text = `left out: ${model} has no key, looked for ${variables.join(', ') || 'api_key'}`
  return problem('report', 'api_key', text, variables)
}

function isThisMachine(baseUrl: string): boolean {
  const { hostname } = new URL(baseUrl)
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}
