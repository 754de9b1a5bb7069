import type { Host } from './host.ts'
import { modelClouds } from './hosts/model-clouds.ts'
import { modelMakers } from './hosts/model-makers.ts'
import { selfHosted } from './hosts/self-hosted.ts'

/** Every host that tollgate can send calls to. */
export const hosts: readonly Host[] = [...modelMakers, ...modelClouds, ...selfHosted]

/** LiteLLM's providers that tollgate does not support yet. It knows their names, so that it can say so. */
export const hostsWithoutSupport: readonly string[] = [
  'vertex_ai',
  'vertex_ai_beta',
  'bedrock',
  'bedrock_converse',
  'azure_ai',
  'sagemaker',
  'sagemaker_chat',
  'watsonx',
  'watsonx_text',
  'replicate',
  'databricks',
  'predibase',
  'snowflake',
  'cloudflare',
  'oci',
  'github_copilot',
  'nlp_cloud',
  'petals',
  'triton',
  'clarifai',
  'gigachat',
  'text-completion-codestral',
]

const byName: ReadonlyMap<string, Host> = new Map(
  hosts.flatMap(one => [one.name, ...one.aliases].map(name => [name, one] as const)),
)

/** The host of that name or alias. */
export function findHost(name: string): Host | undefined {
  return byName.get(name)
}

/** The host whose own base URL begins with the same origin, for models named without a provider. */
export function findHostByUrl(url: string): Host | undefined {
  if (!URL.canParse(url)) return undefined
  const { origin } = new URL(url)
  return hosts.find(one => one.protocol !== 'mock' && one.baseUrl && new URL(one.baseUrl).origin === origin)
}

/** Whether tollgate knows the name, as a host that it supports or as one that it does not. */
export function isProvider(name: string): boolean {
  return byName.has(name) || hostsWithoutSupport.includes(name)
}
