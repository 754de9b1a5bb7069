import { describe, expect, it } from 'vitest'
import { ENV, entry, load } from './fixtures.ts'

describe('what a deployment is', () => {
  it('reads limits, times, tags and switches', () => {
    const { one, lines } = load(
      entry(
        {
          model: 'openai/x',
          weight: '3',
          rpm: 10,
          itpm: 5,
          max_parallel_requests: 2,
          order: 1,
          tags: ['a'],
          tag_regex: ['^User-Agent: curl'],
          timeout: '1.5',
          stream_timeout: 2,
          ttft_timeout: 3,
          stream_idle_timeout: 4,
          num_retries: 1,
          cooldown_time: 0,
          drop_params: 'true',
          additional_drop_params: ['seed'],
          silent_model: 'p',
          extra_headers: { 'X-A': 1 },
          user_agent: 'me',
          ssl_verify: false,
          temperature: 0,
          metadata: { a: 1 },
        },
        {
          tpm: 7,
          model_info: {
            tpm: 9,
            blocked: true,
            allowed_fails_policy: { TimeoutErrorAllowedFails: 4 },
            supports_vision: true,
          },
        },
      ),
    )
    expect(lines.filter(line => !line.startsWith('note'))).toEqual([])
    expect(one).toMatchObject({
      selection: {
        weight: 3,
        rpm: 10,
        tpm: 7,
        inputTpm: 5,
        maxParallelRequests: 2,
        order: 1,
        tags: ['a'],
        blocked: true,
      },
      timeouts: { timeoutMs: 1500, firstTokenMs: 3000, idleMs: 4000 },
      health: { retries: 1, cooldownMs: 0, allowedFailsPolicy: { TimeoutError: 4 } },
      parameters: { dropUnsupported: true, drop: ['seed'], allow: [] },
      insecureTls: true,
      silentPool: 'p',
      limits: { supports: { vision: true } },
    })
    const headers = Object.entries(one?.headers ?? {}).map(([name, value]) => [name, value.reveal()])
    expect(headers).toEqual([
      ['x-a', '1'],
      ['user-agent', 'me'],
    ])
    expect(one?.defaults).toEqual({ temperature: 0 })
  })

  it('adds the retries of a provider client to its own', () => {
    expect(load(entry({ model: 'openai/x', max_retries: 3 })).one?.health.retries).toBe(5)
    expect(load(entry({ model: 'openai/x', max_retries: 0 })).one?.health.retries).toBeUndefined()
  })

  it('refuses patterns that are wrong or take for ever', () => {
    const { one, lines } = load(entry({ model: 'openai/x', tag_regex: ['(', '(a+)+$', 'ok'] }))
    expect(one?.selection.tagPatterns).toEqual([/ok/])
    expect(lines).toHaveLength(2)
    expect(lines[0]).toContain('tag_regex[0]: is left out: not a regular expression')
  })

  it('replaces known prices key by key and takes them from a base model', () => {
    const { one } = load(entry({ model: 'openai/gpt-4o-mini', input_cost_per_token: 0.000001 }))
    expect(one?.price?.rates).toMatchObject({ input: 1_000_000_000n, output: 600_000_000n })
    const azure = load(
      entry(
        { model: 'azure/mine', api_base: 'https://a.example' },
        { model_info: { base_model: 'azure/gpt-4o-mini' } },
      ),
    )
    expect(azure.one?.price?.rates.input).toBe(150_000_000n)
    expect(azure.one?.limits.maxInputTokens).toBe(128_000)
    expect(load(entry({ model: 'openai/nobody-knows' })).one?.price).toBeUndefined()
  })

  it('says which prices have no effect and which are none', () => {
    const { lines } = load(entry({ model: 'openai/gpt-4o', input_cost_per_second: 1, output_cost_per_token: 'dear' }))
    expect(lines).toEqual([
      'report model_list[0].litellm_params.output_cost_per_token: is not a price, so it is ignored',
      'note model_list[0].litellm_params.input_cost_per_second: ' +
        'accepted, no effect yet: only tokens, requests and web searches are charged for',
    ])
  })

  it('takes the rates of service tiers, and tells of a dearer tier of which one side alone is stated', () => {
    const priority = { input_cost_per_token_priority: 5e-6, output_cost_per_token_priority: '1e-5' }
    const whole = load(
      entry(
        { model: 'openai/gpt-4o-mini', ...priority, input_cost_per_token_flex: 1e-7 },
        { model_info: { provider_specific_entry: { fast: 2 } } },
      ),
    )
    expect(whole.lines).toEqual([])
    expect(whole.one?.price?.services).toEqual({
      flex: { rates: { input: 100_000_000n }, tiers: [] },
      priority: { rates: { input: 5_000_000_000n, output: 10_000_000_000n }, tiers: [] },
      fast: 2_000_000n,
    })
    const half = load(entry({ model: 'openai/gpt-4o-mini', input_cost_per_token_priority: 5e-6 }))
    expect(half.lines).toEqual([
      'report model_list[0].litellm_params.input_cost_per_token_priority: has no effect: ' +
        'the price of that tier takes input_cost_per_token_priority and output_cost_per_token_priority',
    ])
  })

  it('takes prices from tollgate_settings over all that is built in', () => {
    const more = {
      tollgate_settings: { prices: { 'gpt-4o': { input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 } } },
    }
    expect(load(entry({ model: 'openai/gpt-4o' }), more).one?.price?.rates.output).toBe(2_000_000_000n)
  })

  it('expands a list of organizations', () => {
    const { all } = load(entry({ model: 'openai/x', organization: ['org-1', 'org-2'] }))
    expect(all.map(one => one.organization)).toEqual(['org-1', 'org-2'])
    expect(all[0]?.id).not.toBe(all[1]?.id)
  })

  it('is left out elsewhere than in its environments', () => {
    const one = entry({ model: 'mock/x' }, { model_info: { supported_environments: ['production'] } })
    expect(load(one, {}, { LITELLM_ENVIRONMENT: 'production' }).all).toHaveLength(1)
    expect(load(one, {}, {}).lines[0]).toMatch(/^note .*LITELLM_ENVIRONMENT is not set/)
  })
})

describe('the id of a deployment', () => {
  const id = (params: object, env = ENV) => load(entry(params), {}, env).one?.id

  it('is stable, and the same whatever the order of keys and the secret', () => {
    expect(id({ model: 'openai/x', rpm: 1 })).toMatch(/^[0-9a-f]{64}$/)
    expect(id({ model: 'openai/x', rpm: 1 })).toBe(id({ rpm: 1, model: 'openai/x' }))
    expect(id({ model: 'openai/x', api_key: 'one' })).toBe(id({ model: 'openai/x', api_key: 'two' }))
    expect(id({ model: 'openai/x', rpm: 1 })).not.toBe(id({ model: 'openai/x', rpm: 2 }))
  })

  it('is unique, also for accounts that differ only in a secret', () => {
    const params = { model: 'openai/x' }
    const { all } = load([
      entry({ ...params, api_key: 'a' }),
      entry({ ...params, api_key: 'b' }),
      entry({ ...params, api_key: 'c' }),
    ])
    expect(new Set(all.map(one => one.id)).size).toBe(3)
  })

  it('may be chosen, but once', () => {
    const two = [1, 2].map(() => entry({ model: 'mock/x' }, { model_info: { id: 'mine' } }))
    const { all, lines } = load(two)
    expect(all.map(one => one.id)).toEqual(['mine'])
    expect(lines).toEqual(['error model_list[1].model_info.id: is the id of another deployment'])
  })
})

it('says which deployments get no traffic', () => {
  const { lines } = load([entry({ model: 'mock/a', weight: 1 }), entry({ model: 'mock/b', rpm: 5 })])
  expect(lines).toEqual([
    'report model_list[1].model_name: ' +
      'gets no traffic under simple-shuffle: other deployments of the pool have weight, this one does not',
  ])
})
