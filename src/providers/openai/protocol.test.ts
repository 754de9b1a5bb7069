import { describe, expect, it } from 'vitest'
import { attemptAt, callTo, chat } from '../../../test/support/calls.ts'
import { deployment } from '../../../test/support/settings.ts'
import type { Deployment } from '../../core/deployment.ts'
import type { Operation } from '../../core/request.ts'
import { Secret } from '../../core/secret.ts'
import { azure, openai } from './protocol.ts'

const at = (own: Partial<Deployment> = {}, operation: Operation = 'chat', stream = false) =>
  attemptAt(
    deployment({ id: 'a', pool: 'p', model: 'm/1', baseUrl: 'https://h/v1', apiKey: new Secret('sk-1'), ...own }),
    callTo('p', { request: { ...chat({ stream }), operation } }),
  )

describe("a request in OpenAI's protocol", () => {
  it.each<[Operation, string]>([
    ['chat', 'https://h/v1/chat/completions'],
    ['completion', 'https://h/v1/completions'],
    ['embedding', 'https://h/v1/embeddings'],
  ])('for %s goes to %s', (operation, url) => expect(openai(at({}, operation)).url).toBe(url))

  it('carries the key, what is configured, and asks for no compression', () => {
    const headers = openai(at({ organization: 'org', headers: { 'x-team': new Secret('blue') } })).headers
    const pairs = Object.fromEntries(
      headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1]]] : [])),
    )
    expect(pairs).toEqual({
      authorization: 'Bearer sk-1',
      'content-type': 'application/json',
      accept: 'application/json',
      'accept-encoding': 'identity',
      'openai-organization': 'org',
      'x-team': 'blue',
    })
    expect(openai(at({}, 'chat', true)).headers).toContain('text/event-stream')
  })
})

describe("a request in Azure's protocol", () => {
  it.each<[string, Partial<Deployment>, string]>([
    [
      'names the deployment in the path',
      { baseUrl: 'https://x.openai.azure.com', apiVersion: '2025-01-01' },
      'https://x.openai.azure.com/openai/deployments/m%2F1/chat/completions?api-version=2025-01-01',
    ],
    [
      'takes a base that ends in /openai',
      { baseUrl: 'https://x/openai' },
      'https://x/openai/deployments/m%2F1/chat/completions',
    ],
    [
      'names it in the body at the newer surface',
      { baseUrl: 'https://x/openai/v1' },
      'https://x/openai/v1/chat/completions',
    ],
  ])('%s', (_, own, url) => {
    const exchange = azure(at(own))
    expect(exchange.url).toBe(url)
    expect(exchange.headers.slice(0, 2)).toEqual(['api-key', 'sk-1'])
  })
})
