import { describe, expect, it } from 'vitest'
import { findHost, findHostByUrl, hosts, hostsWithoutSupport, splitModel } from './catalogue.ts'

describe('the catalogue', () => {
  it('knows at least thirty hosts, none of them twice', () => {
    const names = hosts.flatMap(host => [host.name, ...host.aliases])
    expect(hosts.length).toBeGreaterThanOrEqual(30)
    expect(new Set(names).size).toBe(names.length)
    expect(names.filter(name => hostsWithoutSupport.includes(name))).toEqual([])
  })

  it.each(hosts.filter(host => host.baseUrl).map(host => [host.name, host] as const))(
    '%s has a base URL that something can be put behind',
    (_, host) => {
      expect(URL.canParse(host.baseUrl ?? '')).toBe(true)
      expect(host.baseUrl).not.toMatch(/\/$/)
      if (host.keyRequired) expect(new URL(host.baseUrl ?? '').protocol).toBe('https:')
    },
  )

  it('says where the key of every host that needs one is looked for', () => {
    expect(hosts.filter(host => host.keyRequired && host.keyVariables.length === 0)).toEqual([])
  })

  it('finds a host by name and by alias, and none by chance', () => {
    expect(findHost('groq')?.keyVariables).toEqual(['GROQ_API_KEY'])
    expect(findHost('ollama_chat')?.name).toBe('ollama')
    expect(findHost('vllm')?.name).toBe('hosted_vllm')
    expect(findHost('constructor')).toBeUndefined()
  })

  it('finds a host by the origin of a URL', () => {
    expect(findHostByUrl('https://api.mistral.ai/v1/')?.name).toBe('mistral')
    expect(findHostByUrl('https://mistral.example/v1')).toBeUndefined()
    expect(findHostByUrl('not a url')).toBeUndefined()
  })
})

describe('splitModel', () => {
  it.each([
    ['openai/gpt-4o-mini', 'openai', 'gpt-4o-mini'],
    ['mistral/mistral-small-latest', 'mistral', 'mistral-small-latest'],
    ['openrouter/anthropic/claude-sonnet-4', 'openrouter', 'anthropic/claude-sonnet-4'],
    ['ollama_chat/llama3:8b', 'ollama', 'llama3:8b'],
    ['bedrock/anthropic.claude-v2', 'bedrock', 'anthropic.claude-v2'],
    ['mock/anything', 'mock', 'anything'],
    ['openai/*', 'openai', '*'],
    ['gpt-4o', 'openai', 'gpt-4o'],
    ['o3', 'openai', 'o3'],
    ['o4-mini', 'openai', 'o4-mini'],
    ['claude-sonnet-4-6', 'anthropic', 'claude-sonnet-4-6'],
    ['gemini-2.5-flash', 'gemini', 'gemini-2.5-flash'],
    ['grok-4', 'xai', 'grok-4'],
    ['deepseek-chat', 'deepseek', 'deepseek-chat'],
  ])('reads %s as %s and %s', (name, provider, model) => {
    expect(splitModel(name)).toEqual({ provider, model })
  })

  it('does not guess', () => {
    expect(splitModel('meta-llama/Llama-3.3-70B')).toBeUndefined()
    expect(splitModel('our-model')).toBeUndefined()
    expect(splitModel('o3x')).toBeUndefined()
    expect(splitModel('')).toBeUndefined()
  })

  it('lets custom_llm_provider decide', () => {
    expect(splitModel('mistral/small', 'openai')).toEqual({ provider: 'openai', model: 'mistral/small' })
    expect(splitModel('openai/gpt-4o', 'openai')).toEqual({ provider: 'openai', model: 'gpt-4o' })
    expect(splitModel('whatever', 'vllm')).toEqual({ provider: 'hosted_vllm', model: 'whatever' })
  })
})
