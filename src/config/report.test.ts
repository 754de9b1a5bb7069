import { describe, expect, it } from 'vitest'
import { loadConfig } from './load-config.ts'
import { configReport, formatReport } from './report.ts'

const TEXT = `model_list:
  - {model_name: fast, litellm_params: {model: openai/gpt-4o-mini, api_key: os.environ/OPENAI_API_KEY}}
  - {model_name: fast, litellm_params: {model: mistral/mistral-small-latest}}
  - {model_name: own, litellm_params: {model: hosted_vllm/x, api_base: "http://u:hunter2@vllm.local:8000/v1?key=hunter2"}}
router_settings: {num_retires: 1}
`
const env = { OPENAI_API_KEY: 'sk-secret-of-openai-1234' }
const config = loadConfig({ text: TEXT }, { env })

describe('formatReport', () => {
  it('says what answers, with which key, at which price, and what is wrong', () => {
    const lines = formatReport(config).split('\n')
    expect(lines[0]).toBe('fast (simple-shuffle)')
    expect(lines[1]).toContain(
      'openai/gpt-4o-mini · key from OPENAI_API_KEY · $0.15 in, $0.60 out per million tokens (',
    )
    expect(lines.join('\n')).toContain(
      '  mistral/mistral-small-latest (fast): has no key, looked for MISTRAL_API_KEY\n',
    )
    expect(lines.join('\n')).toContain('hosted_vllm/x · no key needed · no price is known')
    expect(lines.join('\n')).toContain('config.yaml:5:19 router_settings.num_retires: unknown key')
    expect(lines.at(-2)).toBe('2 pools, 2 deployments; 0 errors, 2 reports, 0 notes')
  })

  it('tells of pools that choose between pools', () => {
    const text = `model_list:
  - {model_name: fast, litellm_params: {model: mock/m}}
  - {model_name: capable, litellm_params: {model: mock/m}}
  - {model_name: scored, litellm_params: {model: auto_router/complexity_router, complexity_router_config: {tiers: {SIMPLE: fast}}, complexity_router_default_model: capable}}
tollgate_settings:
  routing:
    tiers: {smart: {cheap: fast, capable: capable}}
    auto: {auto: {pools: {code: capable, math: capable, default: fast}}}
`
    const choosing = loadConfig({ text }, { env: {} })
    expect(configReport(choosing).choices).toEqual([
      { pool: 'smart', by: 'cost and latency', among: ['fast', 'capable'] },
      { pool: 'scored', by: 'complexity', among: ['fast', 'capable'] },
      { pool: 'auto', by: 'task', among: ['capable', 'fast'] },
    ])
    expect(formatReport(choosing)).toContain(
      'smart (by cost and latency)\n  one of fast, capable\nscored (by complexity)\n',
    )
  })

  it('tells of what was left out once, not again wherever its pool is named', () => {
    const text = `model_list:
  - {model_name: fast, litellm_params: {model: openai/gpt-4o-mini}}
  - {model_name: default, litellm_params: {model: openai/gpt-4o-mini}}
  - {model_name: own/*, litellm_params: {model: anthropic/*}}
general_settings: {background_health_checks: true, background_health_check_model_groups: [fast]}
router_settings:
  fallbacks: [{fast: [default, own/x, nowhere]}]
  routing_groups: [{group_name: g, models: [fast], routing_strategy: least-busy}]
tollgate_settings: {routing: {cheap: fast, capable: default, auto: {by: {pools: {code: fast, default: default}}}}}
`
    const report = formatReport(loadConfig({ text }, { env: {}, tolerant: true }))
    expect(report.match(/no pool is called .*/g)).toEqual(['no pool is called nowhere'])
    expect(report).toContain(`left out
  openai/gpt-4o-mini (fast, default): has no key, looked for OPENAI_API_KEY
  anthropic/* (own/*): has no key, looked for ANTHROPIC_API_KEY
`)
    expect(report).toContain('0 pools, 0 deployments; 0 errors, 4 reports, 0 notes\n')
    expect(() => loadConfig({ text }, { env: {} })).toThrow(
      /^no deployment is left to answer: no key was found in OPENAI_API_KEY, ANTHROPIC_API_KEY\n {2}openai\/gpt-4o-mini \(fast, default\)\n {2}anthropic\/\* \(own\/\*\)$/,
    )
  })

  it('lists the groups by which pools are granted', () => {
    const text = `model_list:
  - {model_name: a, litellm_params: {model: openai/gpt-4o, api_key: sk-x}, model_info: {access_groups: [beta, all]}}
  - {model_name: b, litellm_params: {model: openai/gpt-4o, api_key: sk-x}, model_info: {access_groups: beta}}
  - {model_name: b, litellm_params: {model: openai/gpt-4o, api_key: sk-y}}
`
    const grouped = loadConfig({ text }, { env: {} })
    expect(formatReport(grouped)).toContain('\naccess groups\n  beta: a, b\n  all: a\n')
    expect(configReport(grouped)).toMatchObject({ accessGroups: { beta: ['a', 'b'], all: ['a'] }, findings: [] })
  })

  it('shows no secret, in text or as data', () => {
    const shown = formatReport(config) + JSON.stringify(configReport(config)) + JSON.stringify(config.document)
    expect(shown).not.toContain('sk-secret')
    expect(formatReport(config) + JSON.stringify(configReport(config))).not.toContain('hunter2')
  })

  it('has colours only when asked for and not forbidden', () => {
    const colour = String.fromCharCode(27)
    expect(formatReport(config, { color: true, env: {} })).toContain(colour)
    expect(formatReport(config, { color: true, env: { NO_COLOR: '1' } })).not.toContain(colour)
    expect(formatReport(config)).not.toContain(colour)
  })
})

describe('the report on money', () => {
  const text = `model_list:
  - model_name: fast
    litellm_params: {model: openai/gpt-4o-mini, api_key: k, max_budget: 2.5, budget_duration: 1d}
general_settings: {database_url: "postgresql://gate:hunter2@db.local:5432/keys?password=hunter2"}
router_settings:
  redis_url: "rediss://u:hunter2@redis.local:6380/1"
  provider_budget_config: {openai: {budget_limit: 10.005, time_period: month}}
litellm_settings: {max_budget: 100, budget_duration: 30d, tag_budget_config: {lab: {}}}
tollgate_settings: {workers: 4, budgets: {unpriced: 0.1, webhook: "https://hooks.local/hunter2"}}
`
  const config = loadConfig({ text }, { env: {}, serves: true })

  it('says where it is, what happens without it, and what may be spent', () => {
    expect(formatReport(config)).toContain(`
store     PostgreSQL postgresql://db.local:5432/keys
          away: limited keys are refused (503); unlimited ones go on while the journal has room
journal   .tollgate/journal: 10,000 rows or 32 MiB at most wait for the store
redis     rediss://redis.local:6380/1, TLS
          away: each replica gives its part of every limit by itself, and no call waits
workers   4 processes behind one port
unpriced  $0.10 is held and charged for a call without a known price
alerts    to https://hooks.local

budgets
  level       subject                  period  limit
  gateway     (all)                    30d     $100.00
  provider    openai                   month   $10.005
  deployment  fast openai/gpt-4o-mini  1d      $2.50
  tag         lab                      total   no limit
`)
  })

  it('says so when there is no store, or leases are spent while it is away', () => {
    const object = { model_list: [{ model_name: 'a', litellm_params: { model: 'mock/a' } }] }
    expect(formatReport(loadConfig({ object }, { env: {} }))).toContain(
      'store     none: no keys, no budgets, no ledger\n',
    )
    const leases = { ...object, general_settings: { allow_requests_on_db_unavailable: true } }
    expect(formatReport(loadConfig({ object: leases }, { env: {}, serves: true }))).toContain(
      'away: limited keys go on with the money that was leased, then are refused (503)',
    )
  })

  it('shows no secret, in text or as data', () => {
    const shown = formatReport(config) + JSON.stringify(configReport(config)) + JSON.stringify(config.document)
    expect(shown).not.toContain('hunter2')
  })
})
