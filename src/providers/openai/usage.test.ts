import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../core/json.ts'
import type { Usage } from '../../core/usage.ts'
import { readUsage } from './usage.ts'

describe('the usage that a host reports', () => {
  it.each<[string, JsonObject, Usage]>([
    [
      'OpenAI',
      {
        prompt_tokens: 2006,
        completion_tokens: 300,
        total_tokens: 2306,
        prompt_tokens_details: { cached_tokens: 1920, audio_tokens: 7 },
        completion_tokens_details: { reasoning_tokens: 192, audio_tokens: 3, accepted_prediction_tokens: 0 },
      },
      {
        inputTokens: 2006,
        outputTokens: 300,
        cacheReadTokens: 1920,
        inputAudioTokens: 7,
        outputAudioTokens: 3,
        reasoningTokens: 192,
      },
    ],
    [
      'DeepSeek',
      {
        prompt_tokens: 100,
        completion_tokens: 5,
        total_tokens: 105,
        prompt_cache_hit_tokens: 64,
        prompt_cache_miss_tokens: 36,
      },
      { inputTokens: 100, outputTokens: 5, cacheReadTokens: 64 },
    ],
    ['Mistral', { prompt_tokens: 20, completion_tokens: 15, total_tokens: 35 }, { inputTokens: 20, outputTokens: 15 }],
    [
      'Groq',
      {
        queue_time: 0.1,
        prompt_tokens: 20,
        prompt_time: 0.2,
        completion_tokens: 15,
        completion_time: 0.3,
        total_tokens: 35,
        total_time: 0.5,
      },
      { inputTokens: 20, outputTokens: 15 },
    ],
    [
      'xAI, whose completion leaves reasoning out',
      {
        prompt_tokens: 32,
        completion_tokens: 9,
        total_tokens: 135,
        completion_tokens_details: { reasoning_tokens: 94 },
      },
      { inputTokens: 32, outputTokens: 103, reasoningTokens: 94 },
    ],
    [
      'Gemini, which tells of its thoughts in the total alone',
      { prompt_tokens: 10, completion_tokens: 20, total_tokens: 80 },
      { inputTokens: 10, outputTokens: 70, reasoningTokens: 50 },
    ],
    [
      'Moonshot',
      { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12, cached_tokens: 8 },
      { inputTokens: 10, outputTokens: 2, cacheReadTokens: 8 },
    ],
    [
      'OpenRouter',
      {
        prompt_tokens: 10,
        completion_tokens: 2,
        total_tokens: 12,
        cost: 0.1,
        prompt_tokens_details: { cached_tokens: 0, cache_write_tokens: 6 },
      },
      { inputTokens: 10, outputTokens: 2, cacheWriteTokens: 6 },
    ],
    [
      'LiteLLM, for Anthropic',
      {
        prompt_tokens: 10,
        completion_tokens: 2,
        total_tokens: 12,
        cache_creation_input_tokens: 4,
        cache_read_input_tokens: 5,
      },
      { inputTokens: 10, outputTokens: 2, cacheWriteTokens: 4, cacheReadTokens: 5 },
    ],
    [
      'vLLM, with empty details',
      { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12, prompt_tokens_details: null },
      { inputTokens: 10, outputTokens: 2 },
    ],
    [
      'OpenAI, responses',
      {
        input_tokens: 10,
        output_tokens: 5,
        total_tokens: 15,
        input_tokens_details: { cached_tokens: 4 },
        output_tokens_details: { reasoning_tokens: 3 },
      },
      { inputTokens: 10, outputTokens: 5, cacheReadTokens: 4, reasoningTokens: 3 },
    ],
    [
      'a total that is wrong',
      { prompt_tokens: 10, completion_tokens: 5, total_tokens: 3 },
      { inputTokens: 10, outputTokens: 5 },
    ],
    [
      'one that leaves the output to the total',
      { prompt_tokens: 10, completion_tokens: null, total_tokens: 15 },
      { inputTokens: 10, outputTokens: 5 },
    ],
    [
      'one that leaves the input to the total',
      { completion_tokens: 5, total_tokens: 15 },
      { inputTokens: 10, outputTokens: 5 },
    ],
  ])('%s', (_, told, usage) => expect(readUsage(told, 'chat')).toEqual(usage))

  it.each([
    undefined,
    null,
    'none',
    [],
    {},
    { total_tokens: 5 },
    { prompt_tokens: '5' },
    { prompt_tokens: -1 },
    { prompt_tokens: 1.5 },
    { prompt_tokens: 10 },
    { prompt_tokens: 10, completion_tokens: null, total_tokens: 10 },
    { prompt_tokens: 10, completion_tokens: -5, total_tokens: 5 },
    { completion_tokens: 5 },
    { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
  ])('is none in %j', value => expect(readUsage(value as JsonObject, 'chat')).toBeUndefined())

  it.each<[JsonObject, number | undefined]>([
    [{ prompt_tokens: 8, total_tokens: 8 }, 8],
    [{ prompt_tokens: 8, completion_tokens: null, total_tokens: 8 }, 8],
    [{ prompt_tokens: null, total_tokens: 8 }, 8],
    [{ total_tokens: 8 }, 8],
    [{ prompt_tokens: 0, total_tokens: 0 }, undefined],
  ])('of embeddings is their input: %j', (told, inputTokens) =>
    expect(readUsage(told, 'embedding')).toEqual(inputTokens && { inputTokens, outputTokens: 0 }),
  )
})
