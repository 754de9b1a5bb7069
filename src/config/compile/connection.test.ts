import { describe, expect, it } from 'vitest'
import { ENV, entry, load } from './fixtures.ts'

describe('where a deployment listens', () => {
  it.each([
    [{ model: 'openai/x' }, 'https://api.openai.com/v1'],
    [{ model: 'openai/x', api_base: 'http://localhost:8080/v1/' }, 'http://localhost:8080/v1'],
    [{ model: 'openai/x', base_url: 'http://localhost:8080/v1/chat/completions' }, 'http://localhost:8080/v1'],
    [{ model: 'anthropic/x', api_key: 'k', api_base: 'https://a.example/v1/messages' }, 'https://a.example'],
    [{ model: 'anthropic/x', api_key: 'k', api_base: 'https://a.example/v1' }, 'https://a.example'],
    [{ model: 'ollama/x' }, 'http://localhost:11434/v1'],
    [{ model: 'ollama/x', api_base: 'http://gpu:11434' }, 'http://gpu:11434/v1'],
    [{ model: 'ollama/x', api_base: 'http://gpu:11434/v1' }, 'http://gpu:11434/v1'],
    [{ model: 'azure/x', api_base: 'https://r.openai.azure.com/openai/v1' }, 'https://r.openai.azure.com'],
    [{ model: 'mock/x' }, 'mock://mock'],
  ])('%j at %s', (params, baseUrl) => {
    expect(load(entry(params)).one?.baseUrl).toBe(baseUrl)
  })

  it('says that a bare wildcard with a key asks one host for the models of all others', () => {
    expect(load(entry({ model: '*', api_key: 'k' })).lines).toEqual([
      'report model_list[0].litellm_params.model: every name is asked of openai, whatever stands before it; without api_key, names go to the providers that they tell, with the keys of the environment',
    ])
    for (const params of [{ model: 'openai/*' }, { model: '*', api_base: 'http://localhost:8080' }, { model: '*' }])
      expect(load(entry(params)).lines).toEqual([])
  })

  it('makes of a bare wildcard one deployment for each provider that is reached', () => {
    const env = { OPENAI_API_KEY: 'a', GROQ_API_KEY: 'b', AZURE_API_KEY: 'no address', OLLAMA_API_BASE: 'http://box:1' }
    const { all } = load(entry({ model: '*' }, { model_info: { id: 'any' } }), {}, env)
    expect(all.map(({ id, provider, model }) => [id, provider, model])).toEqual([
      ['any-openai', 'openai', '*'],
      ['any-groq', 'groq', '*'],
      ['any-ollama', 'ollama', '*'],
    ])
    expect(load(entry({ model: '*' }), {}, {}).lines).toEqual([
      'report model_list[0].litellm_params.api_key: left out: openai/* has no key, looked for OPENAI_API_KEY',
    ])
  })

  it("takes the base URL from the host's variable", () => {
    expect(load(entry({ model: 'ollama/x' }), {}, { OLLAMA_API_BASE: 'http://box:1' }).one?.baseUrl).toBe(
      'http://box:1/v1',
    )
  })

  it.each([
    [{ model: 'hosted_vllm/x' }, 'report', 'needs api_base (or the variable HOSTED_VLLM_API_BASE)'],
    [{ model: 'openai/x', api_base: 'localhost' }, 'error', 'api_base: is not a URL'],
    [{ model: 'openai/x', api_base: 'file:///etc/passwd' }, 'error', 'is not an http(s) URL'],
    [{ model: 'bedrock/x' }, 'report', 'cannot dial the provider bedrock yet'],
    [{ model: 'our-model' }, 'error', 'names no provider that is known'],
    [{ model: 'auto_router/x' }, 'report', 'needs auto_router_config'],
    [{}, 'error', 'litellm_params.model: is required'],
    [{ model: 'openai/x', api_key: '' }, 'error', 'api_key: is empty'],
  ])('%j is left out', (params, severity, message) => {
    const { all, lines } = load(entry(params), {}, {})
    expect(all).toEqual([])
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(new RegExp(`^${severity} `))
    expect(lines[0]).toContain(message)
  })
})

describe('the key of a deployment', () => {
  const source = (params: object, more: object = {}, env = ENV) => {
    const { config, one } = load(entry(params), more, env)
    return [one?.apiKey?.reveal(), config.keySources.get(one?.id ?? '')]
  }

  it('is its own, else that of litellm_settings, else of the variable', () => {
    expect(source({ model: 'openai/x', api_key: 'own' })).toEqual(['own', { kind: 'configuration' }])
    expect(source({ model: 'openai/x' })).toEqual([
      'from-openai-variable',
      { kind: 'variable', name: 'OPENAI_API_KEY' },
    ])
    expect(source({ model: 'openai/x' }, { litellm_settings: { openai_key: 'shared' } })[0]).toBe('shared')
    expect(source({ model: 'openai/x', api_key: 'os.environ/K' }, {}, { K: 'k' })).toEqual([
      'k',
      { kind: 'variable', name: 'K' },
    ])
  })

  it('is never another account than the one that was named', () => {
    const { all, lines } = load(entry({ model: 'openai/x', api_key: 'os.environ/TEAM_KEY' }))
    expect(all).toEqual([])
    expect(lines).toEqual([
      'report model_list[0].litellm_params.api_key: left out: openai/x has no key, looked for TEAM_KEY',
    ])
  })

  it('comes from the credential that is named', () => {
    const more = {
      credential_list: [
        { credential_name: 'c', credential_values: { api_key: 'cred', api_base: 'https://c.example' } },
      ],
    }
    const { one, config } = load(entry({ model: 'openai/x', litellm_credential_name: 'c' }), more, {})
    expect([one?.apiKey?.reveal(), one?.baseUrl]).toEqual(['cred', 'https://c.example'])
    expect(config.keySources.get(one?.id ?? '')).toEqual({ kind: 'credential', name: 'c' })
    expect(load(entry({ model: 'openai/x', litellm_credential_name: 'd' }), more).lines[0]).toContain('is called d')
  })

  it('is not needed on this machine, by open servers and by mocks', () => {
    for (const params of [
      { model: 'openai/x', api_base: 'http://127.0.0.1:9/v1', api_key: 'os.environ/NONE' },
      { model: 'hosted_vllm/x', api_base: 'http://vllm:8000/v1' },
      { model: 'anthropic/x', mock_response: 'hello' },
    ]) {
      expect(source(params, {}, {})).toEqual([undefined, { kind: 'none' }])
    }
  })

  it('may come from environment_variables, which win over the process', () => {
    const more = { environment_variables: { OPENAI_API_KEY: 'os.environ/OTHER' } }
    expect(source({ model: 'openai/x' }, more, { OPENAI_API_KEY: 'a', OTHER: 'b' })[0]).toBe('b')
  })
})
