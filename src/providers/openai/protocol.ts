import type { Attempt } from '../../core/call.ts'
import type { Deployment } from '../../core/deployment.ts'
import { remembered } from '../../core/remembered.ts'
import type { Operation } from '../../core/request.ts'
import type { Secret } from '../../core/secret.ts'
import { findHost } from '../catalogue.ts'
import type { Quirks } from '../host.ts'
import type { Exchange, Protocol } from '../protocol.ts'
import { outgoingBody } from './body.ts'
import { parseErrorBody, upstreamFailure } from './failure.ts'
import { OpenAiStream } from './stream.ts'
import { readWhole } from './whole.ts'

const PATHS: Readonly<Record<Operation, string>> = {
  chat: '/chat/completions',
  completion: '/completions',
  embedding: '/embeddings',
}

const NO_QUIRKS: Quirks = { embeddings: true }

/** OpenAI's API (https://platform.openai.com/docs/api-reference), as OpenAI and the many hosts that copy it speak it. */
export const openai: Protocol = attempt => exchange(attempt, openaiHeads(attempt.deployment))

/**
 * Azure OpenAI (https://learn.microsoft.com/azure/ai-services/openai/reference): the deployment's name is in the path and
 * the key in `api-key`. A base URL that ends in `/openai/v1` is the newer surface, which names the model in the body.
 */
export const azure: Protocol = attempt => exchange(attempt, azureHeads(attempt.deployment))

function exchange(attempt: Attempt, heads: Heads): Exchange {
  const { request, deployment } = attempt
  const quirks = findHost(deployment.provider)?.quirks ?? NO_QUIRKS
  const { body, hideUsage, dropped } = outgoingBody(attempt, quirks)
  return {
    url: heads.urls[request.operation],
    headers: request.streamed ? heads.streamed : heads.whole,
    body,
    dropped,
    readStream: answer => new OpenAiStream(attempt, answer, { hideUsage, usageIn: quirks.streamUsageIn }),
    readWhole: bytes => readWhole(attempt, bytes),
    readFailure: (status, bytes) => upstreamFailure(attempt, status, parseErrorBody(bytes)),
  }
}

/** What is the same in every request to a deployment: to write it takes 1 µs. */
interface Heads {
  readonly urls: Readonly<Record<Operation, string>>
  readonly whole: readonly string[]
  readonly streamed: readonly string[]
}

const openaiHeads = remembered((deployment: Deployment) =>
  headsOf(deployment, path => `${deployment.baseUrl}${path}`, bearer),
)
const azureHeads = remembered((deployment: Deployment) =>
  headsOf(deployment, path => azureUrl(deployment, path), azureKey),
)

function headsOf(
  deployment: Deployment,
  urlOf: (path: string) => string,
  credentials: (key: Secret) => readonly string[],
): Heads {
  const own = deployment.apiKey ? credentials(deployment.apiKey) : []
  return {
    urls: { chat: urlOf(PATHS.chat), completion: urlOf(PATHS.completion), embedding: urlOf(PATHS.embedding) },
    whole: [...own, ...commonHeaders(deployment, 'application/json')],
    streamed: [...own, ...commonHeaders(deployment, 'text/event-stream')],
  }
}

function commonHeaders({ organization, headers: own }: Deployment, accept: string): string[] {
  const headers = ['content-type', 'application/json', 'accept', accept, 'accept-encoding', 'identity']
  if (organization) headers.push('openai-organization', organization)
  for (const name in own) headers.push(name, own[name]?.reveal() ?? '')
  return headers
}

const bearer = (key: Secret) => ['authorization', `Bearer ${key.reveal()}`]
const azureKey = (key: Secret) => ['api-key', key.reveal()]

function azureUrl({ baseUrl, model, apiVersion }: Deployment, path: string): string {
  const query = apiVersion ? `?api-version=${encodeURIComponent(apiVersion)}` : ''
  if (baseUrl.endsWith('/openai/v1')) return `${baseUrl}${path}${query}`
  const root = baseUrl.endsWith('/openai') ? baseUrl : `${baseUrl}/openai`
  return `${root}/deployments/${encodeURIComponent(model)}${path}${query}`
}
