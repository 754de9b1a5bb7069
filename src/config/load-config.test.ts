import { describe, expect, it } from 'vitest'
import { ConfigError, formatFinding } from './finding.ts'
import { type LoadOptions, loadConfig } from './load-config.ts'

const KEYS = { OPENAI_API_KEY: 'sk-openai-secret-0001', ANTHROPIC_API_KEY: 'sk-ant-secret-0002' }

function load(text: string, options: LoadOptions = {}) {
  const config = loadConfig({ text }, { env: KEYS, tolerant: true, ...options })
  return { ...config, lines: config.findings.map(one => `${one.severity} ${formatFinding(one)}`) }
}

const POOL = 'model_list:\n  - {model_name: fast, litellm_params: {model: openai/gpt-4o-mini}}\n'

describe('loadConfig on the scenarios', () => {
  it('A: two providers by cost and latency', () => {
    const { settings, lines, keySources } = load(`
model_list:
  - model_name: fast-model
    litellm_params: {model: openai/gpt-4o-mini, api_key: os.environ/OPENAI_API_KEY, rpm: 500, tpm: 200000}
    cost_per_1k_input_tokens: 0.00015
    cost_per_1k_output_tokens: 0.00060
  - model_name: capable-model
    litellm_params:
      model: anthropic/claude-3-5-haiku-20241022
      api_key: os.environ/ANTHROPIC_API_KEY
      rpm: 100
      tpm: 100000
    model_info: {cost_per_1k_input_tokens: 0.00080, cost_per_1k_output_tokens: 0.00400}
router_settings:
  routing_strategy: latency-based-routing
  num_retries: 2
  retry_after: 1
  cooldown_time: 30
  fallbacks: [{fast-model: [capable-model]}]
tollgate_settings:
  routing: {cheap: fast-model, capable: capable-model, cost_threshold_usd: 0.001, latency_threshold_ms: 800}
  telemetry: {jsonl: ./calls.jsonl, traces: {exporter: console, mode: simple}, hourly_budget_usd: 1.5}
`)
    expect(lines).toEqual([])
    const [fast, capable] = settings.routing.deployments
    expect(fast).toMatchObject({ pool: 'fast-model', provider: 'openai', model: 'gpt-4o-mini' })
    expect(fast?.baseUrl).toBe('https://api.openai.com/v1')
    expect(fast?.selection).toMatchObject({ rpm: 500, tpm: 200_000 })
    expect(fast?.price?.rates).toMatchObject({ input: 150_000_000n, output: 600_000_000n })
    expect(capable?.price?.rates).toMatchObject({ input: 800_000_000n, output: 4_000_000_000n })
    expect(keySources.get(fast?.id ?? '')).toEqual({ kind: 'variable', name: 'OPENAI_API_KEY' })
    expect(settings.routing.strategy.name).toBe('latency-based-routing')
    expect(settings.routing.retries).toMatchObject({ count: 2, minimumWaitMs: 1000 })
    expect(settings.routing.cooldown.restMs).toBe(30_000)
    expect(settings.routing.fallbacks.general).toEqual({ 'fast-model': [{ pool: 'capable-model' }] })
    expect(settings.routing.tiers.auto).toEqual({
      cheap: 'fast-model',
      capable: 'capable-model',
      costThreshold: 1_000_000n,
      latencyThresholdMs: 800,
      assumedOutputTokens: 256,
    })
    expect(settings.telemetry).toMatchObject({
      jsonl: { path: './calls.jsonl' },
      traces: { exporter: 'console', mode: 'simple' },
      hourlyBudget: 1_500_000_000n,
    })
  })

  it('B: one key is enough', () => {
    const { settings, lines, leftOut } = load(
      `model_list:
  - model_name: gpt-4o-mini
    litellm_params:
      model: openai/gpt-4o-mini
      api_key: os.environ/OPENAI_API_KEY
  - model_name: mistral-small
    litellm_params:
      model: mistral/mistral-small-latest
      api_key: os.environ/MISTRAL_API_KEY
  - model_name: primary-agent-model
    litellm_params:
      model: openai/gpt-4o-mini
router_settings:
  routing_strategy: simple-shuffle
  num_retries: 2
  timeout: 30
litellm_settings:
  success_callback: []
  failure_callback: []
  drop_params: true
`,
    )
    expect(settings.routing.deployments.map(one => one.pool)).toEqual(['gpt-4o-mini', 'primary-agent-model'])
    expect(lines).toEqual([
      'report config.yaml:9:7 model_list[1].litellm_params.api_key: ' +
        'left out: mistral/mistral-small-latest has no key, looked for MISTRAL_API_KEY',
    ])
    expect(leftOut).toMatchObject([{ pool: 'mistral-small', variables: ['MISTRAL_API_KEY'] }])
    expect(settings.routing.timeouts.attemptMs).toBe(30_000)
    expect(settings.routing.deployments[0]?.parameters.dropUnsupported).toBe(true)
  })

  it('B: with no key at all it says which variables were looked for', () => {
    const text = `model_list:
  - {model_name: a, litellm_params: {model: openai/gpt-4o-mini, api_key: os.environ/OPENAI_API_KEY}}
  - {model_name: b, litellm_params: {model: groq/llama-3.3-70b-versatile}}
`
    const attempt = () => loadConfig({ text }, { env: {} })
    expect(attempt).toThrow(ConfigError)
    expect(attempt).toThrow(/no key was found in OPENAI_API_KEY, GROQ_API_KEY$/m)
  })

  it('C: pools by tier and task', () => {
    const { settings, lines } = load(`
model_list:
  - {model_name: fast, litellm_params: {model: gpt-4o-mini}}
  - {model_name: fast, litellm_params: {model: anthropic/claude-haiku-4-5-20251001}}
  - model_name: capable
    litellm_params: {model: openai/gpt-4o, input_cost_per_token: 0.000002, output_cost_per_token: "8e-6"}
  - {model_name: capable, litellm_params: {model: anthropic/claude-sonnet-4-6}}
  - {model_name: math, litellm_params: {model: anthropic/claude-sonnet-4-6}}
router_settings:
  routing_groups:
    - {group_name: quick, models: [fast], routing_strategy: latency-based-routing, routing_strategy_args: {ttl: 60}}
    - {group_name: cheap, models: [capable], routing_strategy: cost-based-routing}
  fallbacks: [{math: [capable]}, {fast: [capable]}, {capable: [fast]}]
  context_window_fallbacks: [{capable: [math]}]
  num_retries: 2
  retry_after: 0.5
  timeout: 30
  allowed_fails: 2
  cooldown_time: 60
tollgate_settings:
  routing:
    auto:
      auto:
        pools: {math: math, default: fast}
        classifier_pool: fast
`)
    expect(lines).toEqual([])
    const { routing } = settings
    expect(routing.poolStrategies.fast).toMatchObject({ name: 'latency-based-routing', latencyTtlMs: 60_000 })
    expect(routing.poolStrategies.capable?.name).toBe('cost-based-routing')
    expect(routing.deployments[2]?.price?.rates).toMatchObject({ input: 2_000_000_000n, output: 8_000_000_000n })
    expect(routing.cooldown).toMatchObject({ restMs: 60_000, allowedFails: 2 })
    expect(routing.auto.auto).toMatchObject({ pools: { math: 'math', default: 'fast' }, classifierPool: 'fast' })
    expect(new Set(routing.deployments.map(one => one.id)).size).toBe(5)
  })
})

describe('loadConfig on what is wrong', () => {
  it('names file, line and column of a misspelt key', () => {
    const { findings } = load(`${POOL}router_settings:\n  num_retires: 3\n`)
    expect(findings.map(formatFinding)).toEqual([
      'config.yaml:4:3 router_settings.num_retires: unknown key, did you mean num_retries?',
    ])
    expect(findings[0]).toMatchObject({ severity: 'report', line: 4, column: 3, suggestion: 'num_retries' })
  })

  it.each([
    [
      'litellm_settings:\n  master_key: abc\n',
      'litellm_settings.master_key: has no effect here, it belongs in general_settings',
    ],
    ['router_settings:\n  health_check_interval: 3\n', 'it belongs in general_settings'],
    ['litellm_settings:\n  cooldown_time: 3\n', 'it belongs in router_settings'],
    ['router_settings:\n  enable_pre_call_check: true\n', 'did you mean enable_pre_call_checks?'],
    ['callbacks: [otel]\n', 'callbacks: has no effect here, it belongs in litellm_settings'],
    ['router_setings: {}\n', 'router_setings: unknown key, did you mean router_settings?'],
    ['router_settings: {retry_policy: {TimeoutErorRetries: 1}}\n', 'did you mean TimeoutErrorRetries?'],
    ['tollgate_settings: {telemetry: {trace: {}}}\n', 'did you mean traces?'],
    ['litellm_settings: {cache: false, cache_params: {tpye: redis, s3_bucket_name: x}}\n', 'did you mean type?'],
    ['tollgate_settings: {telemetry: {jsonl: ""}}\n', 'telemetry.jsonl: is empty, so no lines are written'],
    ['litellm_settings: {max_ui_session_budget: 10}\n', 'accepted, no effect yet: budgets'],
  ])('reports %j', (text, message) => {
    const { lines } = load(POOL + text)
    const reports = lines.filter(line => !line.startsWith('note'))
    expect(reports).toHaveLength(1)
    expect(reports[0]).toContain(message)
    expect(reports[0]).toMatch(/^report config\.yaml:/)
  })

  it.each([
    [
      'router_settings: {num_retries: many}\n',
      'router_settings.num_retries: expected a whole number, 0 or more, got a text',
    ],
    ['router_settings: {timeout: -1}\n', 'expected a number of seconds above 0'],
    [
      'router_settings: {retry_policy: {TimeoutErrorRetries: x}}\n',
      'router_settings.retry_policy.TimeoutErrorRetries: expected',
    ],
    ['router_settings: {routing_strategy: latency-base-routing}\n', 'did you mean latency-based-routing?'],
    ['router_settings: {routing_strategy: lar1}\n', 'its algorithm is unpublished'],
    ['router_settings: []\n', 'router_settings: expected a map of settings'],
    ['general_settings: {master_key: ""}\n', 'general_settings.master_key: is empty'],
    ['general_settings: {master_key: os.environ/NOT_SET}\n', 'NOT_SET is not set, so the gateway would be open'],
    ['general_settings: {enable_jwt_auth: true}\n', 'start with --acknowledge enable_jwt_auth'],
    [
      'tollgate_settings: {routing: {cheap: fast}}\n',
      'config.yaml:3:31 tollgate_settings.routing.capable: is required',
    ],
    [
      'router_settings:\n  routing_groups:\n    - models: [fast]\n      routing_strategy: priority\n      group_name: g\n',
      'config.yaml:5:7 router_settings.routing_groups[0].model_priorities: is required',
    ],
    ['tollgate_settings: {log: loud}\n', 'expected one of lines, json, none'],
  ])('refuses %j', (text, message) => {
    const { lines } = load(POOL + text)
    expect(lines.filter(line => line.startsWith('error'))).toHaveLength(1)
    expect(lines.find(line => line.startsWith('error'))).toContain(message)
    expect(() => load(POOL + text, { tolerant: false })).toThrow(ConfigError)
  })

  it('starts without a protection once the operator acknowledges it, and without a word when it is off', () => {
    const text = `${POOL}general_settings: {enable_jwt_auth: true}\n`
    expect(load(text, { acknowledged: ['enable_jwt_auth'], tolerant: false }).lines[0]).toMatch(/^note /)
    expect(load(`${POOL}general_settings: {enable_jwt_auth: false}\n`).lines).toEqual([])
  })

  it('only reports that the variable of the master key is not set where nobody listens', () => {
    const text = `${POOL}general_settings: {master_key: os.environ/NOT_SET}\n`
    const { lines } = load(text, { listens: false, tolerant: false })
    expect(lines).toEqual([
      'report config.yaml:3:20 general_settings.master_key: the environment variable NOT_SET is not set',
    ])
  })

  it('reports a slip in litellm_params and sends it upstream', () => {
    const { lines, settings } = load(
      'model_list:\n  - {model_name: a, litellm_params: {model: gpt-4o, tempreture: 0.5, vendor_thing: 1}}\n',
    )
    expect(lines).toEqual([
      'report config.yaml:2:53 model_list[0].litellm_params.tempreture: ' +
        'unknown key, sent upstream as it is, did you mean temperature?',
    ])
    expect(settings.routing.deployments[0]?.defaults).toEqual({ tempreture: 0.5, vendor_thing: 1 })
  })
})
