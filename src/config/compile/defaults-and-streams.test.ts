import { describe, expect, it } from 'vitest'
import { formatFinding } from '../finding.ts'
import { loadConfig } from '../load-config.ts'

const mock = (pool: string, params: object = {}) => ({
  model_name: pool,
  litellm_params: { model: 'mock/x', ...params },
})

function load(document: object) {
  const { settings, findings } = loadConfig(
    { object: { model_list: [mock('a'), mock('b')], ...document } },
    { env: { OPENAI_API_KEY: 'k', MISTRAL_API_KEY: 'k' }, tolerant: true },
  )
  return { settings, lines: findings.map(one => `${one.severity} ${formatFinding(one)}`) }
}

describe('defaults of deployments', () => {
  it('are the address and the project of litellm_settings, where they have none of their own', () => {
    const { settings, lines } = load({
      model_list: [
        { model_name: 'a', litellm_params: { model: 'openai/x' } },
        { model_name: 'b', litellm_params: { model: 'mistral/x', api_base: 'http://own/v1' } },
        mock('c'),
      ],
      litellm_settings: { api_base: 'http://shared/v1', project: 'proj_1' },
    })
    expect(lines).toEqual([])
    const [openai, mistral, mocked] = settings.routing.deployments
    expect([openai?.baseUrl, mistral?.baseUrl]).toEqual(['http://shared/v1', 'http://own/v1'])
    expect(mocked?.baseUrl).not.toContain('shared')
    expect(openai?.headers['openai-project']?.reveal()).toBe('proj_1')
    expect(mistral?.headers).toEqual({})
  })
})

describe('longer_context_model_fallback_dict', () => {
  it('is a fallback for prompts that are too long, where the pool has no other', () => {
    const { settings, lines } = load({
      litellm_settings: {
        longer_context_model_fallback_dict: { a: 'b', b: 'a' },
        context_window_fallbacks: [{ b: ['b'] }],
      },
    })
    expect(lines).toEqual([])
    expect(settings.routing.fallbacks.contextWindow).toEqual({ a: [{ pool: 'b' }], b: [{ pool: 'b' }] })
  })

  it('reports names that lead nowhere', () => {
    const { lines } = load({ litellm_settings: { longer_context_model_fallback_dict: { a: 'z' } } })
    expect(lines).toEqual([expect.stringMatching(/^report .*_dict\.a: no pool is called z/)])
  })
})

describe('streams', () => {
  it('are kept alive after the silence that router or deployment say, within bounds', () => {
    const { settings, lines } = load({
      model_list: [
        mock('a', { keepalive_seconds: 0 }),
        mock('b', { keepalive_seconds: '0.2', allow_client_keepalive_override: true }),
        mock('c', { keepalive_seconds: 900 }),
      ],
      router_settings: { keepalive_seconds: 5, allow_client_keepalive_override: true },
    })
    expect(lines).toEqual([])
    expect(settings.routing.deployments.map(one => one.timeouts)).toEqual([
      { keepaliveMs: 0 },
      { keepaliveMs: 1_000, clientKeepalive: true },
      { keepaliveMs: 300_000 },
    ])
    expect(settings.routing.timeouts.keepaliveMs).toBe(5_000)
    expect(settings.gateway.clientKeepalive).toBe(true)
  })

  it('end with usage where the operator wants that', () => {
    expect(load({}).settings.gateway).toMatchObject({ streamUsage: false, clientKeepalive: false })
    expect(load({ general_settings: { always_include_stream_usage: true } }).settings.gateway.streamUsage).toBe(true)
  })

  it('are always cancelled with their client, which is noted to whoever wants it otherwise', () => {
    expect(load({ general_settings: { cancel_on_disconnect: true } }).lines).toEqual([])
    expect(load({ general_settings: { cancel_on_disconnect: false } }).lines).toEqual([
      expect.stringMatching(/^note general_settings\.cancel_on_disconnect: has no effect/),
    ])
  })
})

describe('client_ttl', () => {
  it('is the life of connections to upstreams', () => {
    const { settings, lines } = load({ router_settings: { client_ttl: 60 } })
    expect(lines).toEqual([])
    expect(settings.routing.timeouts.connectionLifeMs).toBe(60_000)
  })
})
