import type { Attempt } from '../../core/call.ts'
import type { Operation } from '../../core/request.ts'
import { findHost, type Quirks } from '../catalogue.ts'
import type { Protocol } from '../protocol.ts'
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
export const openai: Protocol = attempt =>
  exchange(attempt, `${attempt.deployment.baseUrl}${PATHS[attempt.request.operation]}`, bearer(attempt))

/**
 * Azure OpenAI (https://learn.microsoft.com/azure/ai-services/openai/reference): the deployment's name is in the path and
 * the key in `api-key`. A base URL that ends in `/openai/v1` is the newer surface, which names the model in the body.
 */
export const azure: Protocol = attempt => exchange(attempt, azureUrl(attempt), azureKey(attempt))

function exchange(attempt: Attempt, url: string, credentials: readonly string[]): ReturnType<Protocol> {
  const quirks = findHost(attempt.deployment.provider)?.quirks ?? NO_QUIRKS
  const { body, hideUsage, dropped } = outgoingBody(attempt, quirks)
  return {
    url,
    headers: [...credentials, ...commonHeaders(attempt)],
    body,
    dropped,
    readStream: answer => new OpenAiStream(attempt, answer, { hideUsage, usageIn: quirks.streamUsageIn }),
    readWhole: bytes => readWhole(attempt, bytes),
    readFailure: (status, bytes) => upstreamFailure(attempt, status, parseErrorBody(bytes)),
  }
}

function commonHeaders({ deployment, request }: Attempt): string[] {
  const headers = [
    'content-type',
    'application/json',
    'accept',
    request.streamed ? 'text/event-stream' : 'application/json',
    'accept-encoding',
    'identity',
  ]
  if (deployment.organization) headers.push('openai-organization', deployment.organization)
  for (const name in deployment.headers) headers.push(name, deployment.headers[name]?.reveal() ?? '')
  return headers
}

function bearer({ deployment }: Attempt): readonly string[] {
  return deployment.apiKey ? ['authorization', `Bearer ${deployment.apiKey.reveal()}`] : []
}

function azureKey({ deployment }: Attempt): readonly string[] {
  return deployment.apiKey ? ['api-key', deployment.apiKey.reveal()] : []
}

function azureUrl({ deployment, request }: Attempt): string {
  const { baseUrl, model, apiVersion } = deployment
  const query = apiVersion ? `?api-version=${encodeURIComponent(apiVersion)}` : ''
  if (baseUrl.endsWith('/openai/v1')) return `${baseUrl}${PATHS[request.operation]}${query}`
  const root = baseUrl.endsWith('/openai') ? baseUrl : `${baseUrl}/openai`
  return `${root}/deployments/${encodeURIComponent(model)}${PATHS[request.operation]}${query}`
}
