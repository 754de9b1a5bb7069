import { describe, expect, it } from 'vitest'
import { ACCESS_DEFAULTS } from '../../core/access-settings.ts'
import { formatFinding } from '../finding.ts'
import { loadConfig } from '../load-config.ts'

function load(text: string, env = {}) {
  const { settings, findings } = loadConfig({ text }, { env, tolerant: true, serves: true })
  return {
    ...settings,
    lines: findings.filter(one => one.path !== 'model_list').map(one => `${one.severity} ${formatFinding(one)}`),
  }
}

describe('access', () => {
  it('has defaults', () => {
    const { access, limits, modelsInStore, workers, lines } = load('')
    expect(access).toEqual(ACCESS_DEFAULTS)
    expect(limits).toEqual({ gateway: [] })
    expect([modelsInStore, workers, lines]).toEqual([true, 1, []])
  })

  it('takes what new keys, users and teams get, and what keys may have at most', () => {
    const { access, lines } = load(`litellm_settings:
  default_key_generate_params: {max_budget: "1.5", models: [fast], budget_duration: 30D, metadata: {a: 1}}
  upperbound_key_generate_params: {max_budget: 100, budget_duration: 10d, duration: 30d, tpm_limit: 1000, rpm_limit: 9}
  default_internal_user_params: {user_role: internal_user, max_budget: 5}
  default_team_params: {rpm_limit: 7}
  max_internal_user_budget: 10
  internal_user_budget_duration: 1mo
  max_end_user_budget: 0.5
  max_end_user_budget_id: small
  default_soft_budget: 0.25
general_settings: {user_api_key_cache_ttl: 5, user_api_key_cache_max_size: 7, apply_user_budget_to_team_keys: true}
`)
    expect(lines).toEqual([])
    expect(access).toMatchObject({
      cache: { size: 7, ttlMs: 5000 },
      keyDefaults: { soft_budget: 0.25, max_budget: 1.5, models: ['fast'], budget_duration: '30d', metadata: { a: 1 } },
      keyCeilings: { max_budget: 100, budget_duration: '10d', duration: '30d', tpm_limit: 1000, rpm_limit: 9 },
      userDefaults: { user_role: 'internal_user', max_budget: 5, budget_duration: '1mo' },
      teamDefaults: { rpm_limit: 7 },
      endUserBudget: { max_budget: 0.5 },
      endUserPlan: 'small',
      userBudgetForTeamKeys: true,
    })
  })

  it('says which router settings new keys and teams cannot have, and gives them the others', () => {
    const { access, lines } = load(`litellm_settings:
  default_key_generate_params:
    router_settings: {num_retries: 1, timeout: "20", fallbacks: [{a: [b]}], routing_strategy: least-busy, retires: 1}
  default_team_params: {router_settings: {timeout: -1}}
`)
    const path = 'litellm_settings.default_key_generate_params.router_settings'
    expect(lines).toEqual([
      `report config.yaml:3:77 ${path}.routing_strategy: has no effect in keys and teams, which may have num_retries, max_fallbacks, timeout, stream_timeout, fallbacks, context_window_fallbacks, content_policy_fallbacks`,
      `report config.yaml:3:107 ${path}.retires: unknown key`,
      'error config.yaml:4:43 litellm_settings.default_team_params.router_settings.timeout: expected a number of seconds above 0, got another number',
    ])
    const fallbacks = [{ a: ['b'] }]
    expect(access.keyDefaults).toEqual({ router_settings: { num_retries: 1, timeout: 20, fallbacks } })
  })

  it('names the place of what is wrong', () => {
    const { lines } = load(`litellm_settings:
  default_key_generate_params: {max_budget: lots, max_bugdet: 1}
  upperbound_key_generate_params: {duration: day, budget_duration: x}
`)
    expect(lines).toEqual([
      'report config.yaml:2:51 litellm_settings.default_key_generate_params.max_bugdet: unknown key, did you mean max_budget?',
      'error config.yaml:2:33 litellm_settings.default_key_generate_params.max_budget: expected an amount of US dollars, 0 to 1,000,000,000, got a text',
      'error config.yaml:3:51 litellm_settings.upperbound_key_generate_params.budget_duration: expected total, hour, day, week or month, or a count with a unit (30s, 45m, 12h, 30d, 2w, 1mo) of at most 100 years, got a text',
      'error config.yaml:3:36 litellm_settings.upperbound_key_generate_params.duration: expected a count with a unit: 30s, 45m, 12h, 30d, 2w, 1mo, got a text',
    ])
  })
})

describe('limits', () => {
  it('hold for all callers, and for keys without their own', () => {
    const { limits, lines } = load(`general_settings: {global_max_parallel_requests: 50, max_parallel_requests: 5}
tollgate_settings: {limits: {rpm: 600, tpm: 100000}}
`)
    expect(lines).toEqual([])
    expect(limits).toEqual({
      gateway: [{ level: 'gateway', subject: '', rpm: 600, tpm: 100_000, parallel: 50 }],
      keyParallel: 5,
    })
  })

  it('share the capacity of pools by priority', () => {
    const deployment = (pool: string, rates: string) =>
      `  - {model_name: ${pool}, litellm_params: {model: mock/a, ${rates}}}\n`
    const list = `model_list:\n${deployment('a', 'rpm: 60, tpm: 1000')}${deployment('a', 'rpm: 40')}${deployment('b', 'max_tokens: 1')}`
    const { limits, lines } = load(`${list}litellm_settings:
  priority_reservation: {production: 0.75, batch: {type: rpm, value: 20}, slow: {type: percent, value: 0.05}}
  priority_reservation_settings: {default_priority: 0.1, saturation_threshold: 0.8, saturation_check_cache_ttl: 60}
`)
    expect(lines.filter(line => line.includes('priority'))).toEqual([])
    const shares = { reserved: { production: 0.75, batch: 0.2, slow: 0.05 }, otherwise: 0.1, saturation: 0.8 }
    expect(limits.gateway).toEqual([{ level: 'gateway', subject: '', pool: 'a', rpm: 100, shares }])
  })

  it('say what cannot be shared', () => {
    const { lines } = load('litellm_settings: {priority_reservation: {a: 0.9, b: 0.3, c: {type: percent, value: 5}}}\n')
    expect(lines.map(line => line.replace(/^(\w+) [^ ]* /, '$1 '))).toEqual([
      'error litellm_settings.priority_reservation.c: expected a percent value from 0 to 1',
      'report litellm_settings.priority_reservation: promises 620 % of the capacity: shares of 1 together can be kept',
      'report litellm_settings.priority_reservation: has nothing to share: in no pool do all deployments have rpm, or all have tpm',
    ])
  })
})

describe('the rest of the gateway', () => {
  it('is the number of processes, and whether models are kept in the store', () => {
    const said = load('general_settings: {store_model_in_db: true}\ntollgate_settings: {workers: auto}\n')
    expect([said.modelsInStore, said.workers, said.lines]).toEqual([true, 'auto', []])
    expect(load('', { STORE_MODEL_IN_DB: 'False' }).modelsInStore).toBe(false)
  })
})
