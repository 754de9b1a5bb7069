import { describe, expect, it } from 'vitest'
import { formatFinding } from '../finding.ts'
import { loadConfig } from '../load-config.ts'

const model_list = ['a', 'b', 'c', 'team/*'].map(pool => ({
  model_name: pool,
  litellm_params: { model: 'mock/x', temperature: 0, order: pool.length },
}))

function load(document: object, env: Record<string, string> = {}) {
  const { settings, findings } = loadConfig({ object: { model_list, ...document } }, { env, tolerant: true })
  return { settings, routing: settings.routing, lines: findings.map(one => `${one.severity} ${formatFinding(one)}`) }
}

const router = (router_settings: object) => load({ router_settings })

describe('fallbacks', () => {
  it('reads every form of a target', () => {
    const { routing, lines } = router({
      fallbacks: [{ a: ['b', { model: 'c', temperature: 0 }] }, { 'team/x': ['a'] }, { '*': ['b'] }],
    })
    expect(lines).toEqual([])
    expect(routing.fallbacks.general).toEqual({
      a: [{ pool: 'b' }, { pool: 'c', replace: { temperature: 0 } }],
      'team/x': [{ pool: 'a' }],
      '*': [{ pool: 'b' }],
    })
  })

  it('reads a single target as a list and says so', () => {
    const { routing, lines } = router({ fallbacks: [{ a: 'b' }] })
    expect(routing.fallbacks.general).toEqual({ a: [{ pool: 'b' }] })
    expect(lines[0]).toMatch(/^report router_settings\.fallbacks\[0\]\.a: a single target/)
  })

  it('reports what leads nowhere and refuses what is no target', () => {
    expect(router({ fallbacks: [{ a: ['nowhere'] }] }).lines).toEqual([
      'report router_settings.fallbacks[0].a[0]: no pool is called nowhere',
    ])
    expect(router({ fallbacks: [{ nowhere: ['a'] }] }).lines[0]).toContain('no pool is called nowhere')
    expect(router({ fallbacks: [{ a: [7] }] }).lines[0]).toMatch(/^error .*expected the name of a pool/)
    expect(router({ fallbacks: ['a'] }).lines[0]).toMatch(/^error .*expected a list such as/)
  })

  it('reports other settings that name a pool which is not there', () => {
    const { lines } = load({
      model_list: [...model_list, { model_name: 'm', litellm_params: { model: 'mock/x', silent_model: 'x1' } }],
      general_settings: { completion_model: 'x2', embedding_model: 'team/any' },
      router_settings: { model_group_retry_policy: { x3: { TimeoutErrorRetries: 1 }, a: { TimeoutErrorRetries: 1 } } },
    })
    expect(lines).toEqual([
      'report general_settings.completion_model: no pool is called x2',
      'report router_settings.model_group_retry_policy.x3: no pool is called x3',
      'report model_list[4].litellm_params.silent_model: no pool is called x1',
    ])
  })

  it('prefers router_settings list by list, and adds the default ones', () => {
    const { routing } = load({
      litellm_settings: {
        fallbacks: [{ a: ['c'] }],
        context_window_fallbacks: [{ a: ['c'] }],
        default_fallbacks: ['c'],
      },
      router_settings: { fallbacks: [{ a: ['b'] }] },
    })
    expect(routing.fallbacks.general).toEqual({ a: [{ pool: 'b' }], '*': [{ pool: 'c' }] })
    expect(routing.fallbacks.contextWindow).toEqual({ a: [{ pool: 'c' }] })
  })
})

describe('routing settings', () => {
  it('has the documented defaults', () => {
    expect(load({}).routing).toMatchObject({
      strategy: { name: 'simple-shuffle', lowestLatencyBuffer: 0, maxLatencySamples: 10, latencyTtlMs: 3_600_000 },
      retries: { count: 2, minimumWaitMs: 0, maxAttempts: 10, weightedFailover: false, poolPolicies: {} },
      cooldown: { restMs: 5000, disabled: false },
      timeouts: { attemptMs: 600_000, connectMs: 10_000, idleMs: 60_000, callMs: 600_000 },
      fallbacks: { max: 5 },
      checks: { enabled: false, enforceRateLimits: false },
      tags: { enabled: false, matchAny: true, prefix: '' },
    })
    expect(load({}).routing.cooldown.allowedFails).toBeUndefined()
  })

  it('reads policies, and rules for single pools', () => {
    const { routing } = router({
      retry_policy: { TimeoutErrorRetries: 3, DefaultRetries: 1 },
      model_group_retry_policy: { a: { RateLimitErrorRetries: '4' } },
      allowed_fails_policy: { InternalServerErrorAllowedFails: 0 },
      allowed_fails: 3,
    })
    expect(routing.retries.policy).toEqual({ TimeoutError: 3, Default: 1 })
    expect(routing.retries.poolPolicies).toEqual({ a: { RateLimitError: 4 } })
    expect(routing.cooldown).toMatchObject({ allowedFails: 3, policy: { InternalServerError: 0 } })
  })

  it('prefers router_settings over litellm_settings', () => {
    const litellm_settings = { num_retries: 7, request_timeout: 9, allowed_fails: 1, num_retries_per_request: 3 }
    expect(load({ litellm_settings }).routing).toMatchObject({
      retries: { count: 7, maxAttempts: 4 },
      timeouts: { attemptMs: 9000 },
      cooldown: { allowedFails: 1 },
    })
    expect(load({ litellm_settings, router_settings: { num_retries: 0, timeout: 1 } }).routing).toMatchObject({
      retries: { count: 0 },
      timeouts: { attemptMs: 1000 },
    })
  })

  it('never ends a call before its attempt may end, unless told so', () => {
    expect(router({ timeout: 6000 }).routing.timeouts.callMs).toBe(6_000_000)
    const { routing } = load({ router_settings: { timeout: 30 }, tollgate_settings: { request_timeout: 20 } })
    expect(routing.timeouts).toMatchObject({ attemptMs: 30_000, callMs: 20_000 })
  })

  it('clamps the keep-alive', () => {
    expect(router({ keepalive_seconds: 1000 }).routing.timeouts.keepaliveMs).toBe(300_000)
    expect(router({ keepalive_seconds: 0 }).routing.timeouts.keepaliveMs).toBeUndefined()
    expect(load({ general_settings: { sse_keepalive_ping_interval_seconds: 5 } }).routing.timeouts.keepaliveMs).toBe(
      5000,
    )
  })

  it('reads checks and affinities', () => {
    const { routing, lines } = router({
      optional_pre_call_checks: ['enforce_model_rate_limits', 'session_affinity', 'router_budget_limiting'],
      model_group_affinity_config: { a: ['deployment_affinity'] },
    })
    expect(routing.checks.enforceRateLimits).toBe(true)
    expect(routing.affinity).toMatchObject({ bySession: true, byKey: false, pools: { a: { byKey: true } } })
    expect(lines).toEqual([expect.stringMatching(/^note .*router_budget_limiting is accepted, no effect yet/)])
    expect(router({ optional_pre_call_checks: ['sesion_affinity'] }).lines[0]).toContain(
      'did you mean session_affinity?',
    )
  })

  it('reads aliases of both sections', () => {
    const { routing, lines } = load({
      router_settings: { model_group_alias: { x: 'a', y: { model: 'b', hidden: true } } },
      litellm_settings: { model_alias_map: { z: 'nowhere' } },
    })
    expect(routing.aliases).toEqual({
      x: { pool: 'a', hidden: false },
      y: { pool: 'b', hidden: true },
      z: { pool: 'nowhere', hidden: false },
    })
    expect(lines).toEqual(['report litellm_settings.model_alias_map.z: no pool is called nowhere'])
  })

  it.each([
    [
      { router_settings: { model_group_alias: { x: 'y', y: 'x' } } },
      [/model_group_alias\.x: y is another name/, /\.y: x is/],
    ],
    [{ router_settings: { model_group_alias: { x: 'y', y: 'a' } } }, [/model_group_alias\.x: y is another name/]],
    [
      { tollgate_settings: { routing: { auto: { t: { pools: { default: 't' } } } } } },
      [/default: t chooses by the prompt/],
    ],
    [
      { tollgate_settings: { routing: { auto: { t: { pools: { default: 'a' }, classifier_pool: 't' } } } } },
      [/classifier_pool: t chooses by the prompt/],
    ],
    [
      { tollgate_settings: { routing: { tiers: { t: { cheap: 't', capable: 'a' } } } } },
      [/cheap: t chooses among pools/],
    ],
    [
      {
        router_settings: { model_group_alias: { x: 't' } },
        tollgate_settings: { routing: { tiers: { t: { cheap: 'x', capable: 'a' } } } },
      },
      [/cheap: x chooses among pools/],
    ],
    // What is a pool as well leads there.
    [{ tollgate_settings: { routing: { auto: { a: { pools: { default: 'a' } } } } } }, []],
    [
      {
        router_settings: { model_group_alias: { x: 'a', y: 't' } },
        tollgate_settings: {
          routing: { tiers: { t: { cheap: 'x', capable: 'b' } }, auto: { u: { pools: { default: 't' } } } },
        },
      },
      [],
    ],
  ])('reports names that lead to no deployment: %j', (document, expected) => {
    const { lines } = load(document)
    expect(lines).toEqual(expected.map(pattern => expect.stringMatching(pattern)))
    expect(lines.every(line => line.startsWith('report '))).toBe(true)
  })

  it('refuses a pool in two groups', () => {
    const group = { group_name: 'g', models: ['a'], routing_strategy: 'least-busy' }
    expect(router({ routing_groups: [group, group] }).lines[0]).toContain('the pool a is in two routing groups')
  })

  it('names tiers, and refuses two descriptions of one pool', () => {
    const routing = { tiers: { smart: { cheap: 'a', capable: 'b', cost_threshold_usd: '0.002' } } }
    expect(load({ tollgate_settings: { routing } }).routing.tiers.smart?.costThreshold).toBe(2_000_000n)
    const twice = { cheap: 'a', capable: 'b', auto: { auto: { pools: { default: 'a' } } } }
    expect(load({ tollgate_settings: { routing: twice } }).lines[0]).toContain('is described twice')
    expect(load({ tollgate_settings: { routing: { ...twice, pool: 'tiered' } } }).lines).toEqual([])
  })
})

describe('gateway, telemetry and callbacks', () => {
  it('reads the gateway', () => {
    const { settings, lines } = load({
      general_settings: { master_key: 'sk-a-real-key', litellm_key_header_name: 'X-Key', max_request_size_mb: 1 },
      tollgate_settings: { listen: { port: 0 }, response_model: 'requested', allowed_hosts: ['llm.local'] },
    })
    expect(lines).toEqual([])
    expect(settings.gateway).toMatchObject({
      keyHeader: 'x-key',
      bodyLimitBytes: 1_048_576,
      listen: { host: '127.0.0.1', port: 0 },
      responseModel: 'requested',
      allowedHosts: ['llm.local'],
      log: 'lines',
    })
    expect(settings.gateway.masterKey?.reveal()).toBe('sk-a-real-key')
  })

  it('reads whose pages may call, and refuses all of them without a key', () => {
    const origins = (
      cors_origins: string[] | undefined,
      env = {},
      general_settings = { master_key: 'sk-a-real-key' },
    ) => {
      const { settings, lines } = load({ general_settings, tollgate_settings: { cors_origins } }, env)
      return { origins: settings.gateway.corsOrigins, lines }
    }
    expect(origins(undefined)).toEqual({ origins: [], lines: [] })
    const env = { LITELLM_CORS_ORIGINS: 'https://a.example, http://localhost:3000' }
    expect(origins(undefined, env)).toEqual({ origins: ['https://a.example', 'http://localhost:3000'], lines: [] })
    expect(origins(['*'], env)).toEqual({ origins: ['*'], lines: [] })
    for (const wrong of ['a.example', 'https://a.example/', 'https://a.example:443'])
      expect(origins([wrong]).lines).toEqual([
        expect.stringMatching(/^error tollgate_settings\.cors_origins: expected or/),
      ])
    const open = load({ tollgate_settings: { cors_origins: ['*'] } })
    expect(open.lines).toEqual([expect.stringContaining('is * without a master key')])
  })

  it('takes the master key from the environment when the file has none', () => {
    expect(load({}, { LITELLM_MASTER_KEY: 'sk-env' }).settings.gateway.masterKey?.reveal()).toBe('sk-env')
    expect(load({}).settings.gateway.masterKey).toBeUndefined()
  })

  it('exports spans as the file, else the environment says', () => {
    const exporter = (document: object, env: Record<string, string> = {}) =>
      load(document, env).settings.telemetry.traces.exporter
    // What the file does not say is read from the environment where spans are exported.
    expect(exporter({})).toBeUndefined()
    expect(exporter({}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://tempo:4317' })).toBeUndefined()
    expect(exporter({ tollgate_settings: { telemetry: { traces: { endpoint: 'http://tempo:4317' } } } })).toBe('otlp')
    const otel = { litellm_settings: { callbacks: ['otel'] } }
    expect(exporter(otel)).toBe('console')
    expect(exporter(otel, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://tempo:4317' })).toBe('otlp')
    expect(exporter(otel, { OTEL_TRACES_EXPORTER: 'none' })).toBeUndefined()
    expect(
      load(otel, { OTEL_EXPORTER: 'otlp_grpc', OTEL_ENDPOINT: 'http://x:4317' }).settings.telemetry.traces,
    ).toEqual({
      exporter: 'otlp',
      endpoint: 'http://x:4317',
      protocol: 'grpc',
      mode: 'batch',
    })
    const off = { tollgate_settings: { telemetry: { traces: { exporter: 'none' } } } }
    expect(exporter(off, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://tempo:4317' })).toBe('none')
  })

  it('lets turn_off_message_logging win over capture_content', () => {
    const tollgate_settings = { telemetry: { capture_content: true } }
    expect(load({ tollgate_settings }).settings.telemetry.captureContent).toBe(true)
    const litellm_settings = { turn_off_message_logging: true }
    expect(load({ tollgate_settings, litellm_settings }).settings.telemetry.captureContent).toBe(false)
  })

  it('takes the content of spans from the options of the otel callback, where capture_content does not say', () => {
    const callback_settings = { otel: { message_logging: true, headres: 1 }, generic_api: { endpoint: 'https://x' } }
    const { settings, lines } = load({ callback_settings })
    expect(settings.telemetry.captureContent).toBe(true)
    expect(lines).toEqual([
      expect.stringMatching(
        /^report callback_settings\.generic_api: accepted, no effect yet: name a JavaScript module/,
      ),
      expect.stringMatching(/^report callback_settings\.otel\.headres: unknown key/),
    ])
    const tollgate_settings = { telemetry: { capture_content: false } }
    expect(load({ callback_settings, tollgate_settings }).settings.telemetry.captureContent).toBe(false)
  })

  it('tells callbacks apart', () => {
    const { settings, lines } = load({
      litellm_settings: {
        callbacks: ['otel', './a.mjs'],
        success_callback: ['./a.mjs', './b.js#handler', 'langfuse'],
        failure_callback: 'custom.handler',
      },
    })
    expect(settings.callbacks.success).toEqual([
      { kind: 'otel' },
      { kind: 'module', path: './a.mjs', exported: 'default' },
      { kind: 'module', path: './b.js', exported: 'handler' },
    ])
    expect(settings.callbacks.failure).toHaveLength(2)
    expect(lines).toEqual([
      expect.stringMatching(/^note litellm_settings\.success_callback\[2\]: langfuse/),
      expect.stringMatching(/^report litellm_settings\.failure_callback: custom\.handler is a Python callback/),
    ])
  })
})

describe('the environment', () => {
  it('is put in the place of references, in lists too, and missing variables are said', () => {
    const document = {
      litellm_settings: { drop_params: 'os.environ/DROP' },
      router_settings: {
        num_retries: 'os.environ/RETRIES',
        default_fallbacks: ['os.environ/POOL'],
        timeout: 'os.environ/GONE',
      },
    }
    const { routing, lines } = load(document, { DROP: 'True', RETRIES: '4', POOL: 'b' })
    expect(routing.retries.count).toBe(4)
    expect(routing.fallbacks.general).toEqual({ '*': [{ pool: 'b' }] })
    expect(routing.deployments[0]?.parameters.dropUnsupported).toBe(true)
    expect(lines).toEqual(['report router_settings.timeout: the environment variable GONE is not set'])
  })

  it('leaves names without a text out where a variable is missing', () => {
    const headers = { 'x-team': 'os.environ/GONE', 'x-kind': 'a' }
    const { lines, settings } = load({ tollgate_settings: { telemetry: { traces: { headers } } } })
    const path = 'tollgate_settings.telemetry.traces.headers.x-team'
    expect(lines).toEqual([`report ${path}: the environment variable GONE is not set`])
    expect(Object.keys(settings.telemetry.traces.headers ?? {})).toEqual(['x-kind'])
  })
})
