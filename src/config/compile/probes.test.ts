import { describe, expect, it } from 'vitest'
import { formatFinding } from '../finding.ts'
import { loadConfig } from '../load-config.ts'

function load(document: object, model_info: object = {}) {
  const model_list = [
    {
      model_name: 'a',
      litellm_params: { model: 'openai/gpt-4o', api_key: 'sk-x' },
      model_info: { id: 'a', ...model_info },
    },
  ]
  const { settings, findings } = loadConfig({ object: { model_list, ...document } }, { env: {}, tolerant: true })
  const lines = findings.map(one => `${one.severity} ${formatFinding(one)}`)
  return { routing: settings.routing, gateway: settings.gateway, deployment: settings.routing.deployments[0], lines }
}

describe('health probes', () => {
  it('have the documented defaults', () => {
    expect(load({}).routing.probes).toEqual({
      background: false,
      intervalMs: 300_000,
      concurrency: 10,
      steers: false,
      staleMs: 600_000,
      ignoresTransient: false,
      skipsDisabled: false,
    })
    expect(load({}).deployment?.probe).toBeUndefined()
    expect(load({}).gateway).toMatchObject({ healthDetails: true })
    expect(load({}).gateway.drain).toBeUndefined()
  })

  it('are read from general_settings, and from router_settings first', () => {
    const general_settings = {
      background_health_checks: true,
      health_check_interval: 10,
      health_check_concurrency: 3,
      health_check_details: false,
      health_check_skip_disabled_background_models: true,
      enable_health_check_routing: false,
      background_health_check_model_groups: ['nobody'],
      health_check_ignore_transient_errors: true,
    }
    const router_settings = { enable_health_check_routing: true, background_health_check_model_groups: ['a'] }
    const { routing, gateway, lines } = load({ general_settings, router_settings })
    expect(routing.probes).toEqual({
      background: true,
      intervalMs: 10_000,
      concurrency: 3,
      steers: true,
      staleMs: 20_000,
      ignoresTransient: true,
      skipsDisabled: true,
      pools: ['a'],
    })
    expect(gateway.healthDetails).toBe(false)
    expect(lines).toEqual([])
  })

  it('are reported where they lead nowhere', () => {
    const { lines } = load({
      router_settings: { enable_health_check_routing: true },
      general_settings: { background_health_check_model_groups: ['x'] },
    })
    expect(lines).toEqual([
      'report router_settings.enable_health_check_routing: steers nothing without general_settings.background_health_checks, except by probes on demand',
      'report general_settings.background_health_check_model_groups: no pool is called x',
    ])
  })

  it('are set for single deployments', () => {
    const info = {
      health_check_model: 'openai/gpt-4o-mini',
      health_check_timeout: 5,
      disable_background_health_check: true,
    }
    const { deployment, lines } = load({}, info)
    expect(lines).toEqual([])
    expect(deployment?.probe).toMatchObject({ model: { name: 'gpt-4o-mini' }, timeoutMs: 5000, disabled: true })
    expect(deployment?.probe?.model?.price).toBeDefined()
  })

  it('have token limits by the kind of model', () => {
    const limits = { health_check_max_tokens_reasoning: 100, health_check_max_tokens_non_reasoning: 3 }
    expect(load({}, limits).deployment?.probe?.maxTokens).toBe(3)
    expect(load({}, { ...limits, supports_reasoning: true }).deployment?.probe?.maxTokens).toBe(100)
    expect(load({}, { ...limits, health_check_max_tokens: 1 }).deployment?.probe?.maxTokens).toBe(1)
  })
})

describe('draining', () => {
  it('has a token that may not be empty', () => {
    const { gateway } = load({ general_settings: { enable_drain_endpoint: true, drain_endpoint_token: 'sesame' } })
    expect(gateway.drain?.token?.reveal()).toBe('sesame')
    expect(load({ general_settings: { enable_drain_endpoint: true } }).gateway.drain).toEqual({})
    const empty = load({ general_settings: { enable_drain_endpoint: true, drain_endpoint_token: '' } })
    expect(empty.lines).toEqual(['error general_settings.drain_endpoint_token: is empty'])
  })
})
