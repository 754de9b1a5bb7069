import { describe, expect, it } from 'vitest'
import { splitModel } from './model-name.ts'

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

  it('finds no provider for a name of no known family', () => {
    expect(splitModel('meta-llama/Llama-3.3-70B')).toBeUndefined()
    expect(splitModel('our-model')).toBeUndefined()
    expect(splitModel('o3x')).toBeUndefined()
    expect(splitModel('')).toBeUndefined()
  })

  it('lets custom_llm_provider decide, whatever the name begins with', () => {
    expect(splitModel('mistral/small', 'openai')).toEqual({ provider: 'openai', model: 'mistral/small' })
    expect(splitModel('openai/gpt-4o', 'openai')).toEqual({ provider: 'openai', model: 'gpt-4o' })
    expect(splitModel('whatever', 'vllm')).toEqual({ provider: 'hosted_vllm', model: 'whatever' })
  })
})
