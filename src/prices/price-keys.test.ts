import { describe, expect, it } from 'vitest'
import { isEffectivePriceKey, isPriceKey } from './price-keys.ts'

/** reference/litellm.md 3.3 and 8.3, where a key acts on what tokens and requests cost. */
const effective = [
  'input_cost_per_token',
  'output_cost_per_token',
  'input_cost_per_token_above_128k_tokens',
  'output_cost_per_token_above_200k_tokens',
  'output_cost_per_token_above_272k_tokens',
  'input_cost_per_token_above_0.5k_tokens',
  'input_cost_per_token_cache_hit',
  'cache_read_input_token_cost',
  'cache_read_input_token_cost_above_200k_tokens',
  'cache_creation_input_token_cost',
  'cache_creation_input_token_cost_above_1hr',
  'cache_creation_input_token_cost_above_200k_tokens',
  'cache_creation_input_token_cost_above_1hr_above_200k_tokens',
  'input_cost_per_audio_token',
  'output_cost_per_audio_token',
  'output_cost_per_reasoning_token',
  'input_cost_per_request',
  'input_cost_per_token_flex',
  'output_cost_per_token_priority',
  'cache_read_input_token_cost_flex',
  'cache_creation_input_token_cost_priority',
  'cache_creation_input_token_cost_ultrafast',
  'input_cost_per_token_above_272k_tokens_priority',
  'output_cost_per_token_flex_above_272k_tokens',
  'tiered_pricing',
  'search_context_cost_per_query',
  'cost_per_1k_input_tokens',
  'cost_per_1k_output_tokens',
]

const withoutEffect = [
  'input_cost_per_second',
  'output_cost_per_second',
  'input_cost_per_pixel',
  'output_cost_per_pixel',
  'input_cost_per_character',
  'output_cost_per_character_above_128k_tokens',
  'input_cost_per_query',
  'input_cost_per_image',
  'input_cost_per_image_above_128k_tokens',
  'output_cost_per_image_token',
  'output_cost_per_image_premium_image',
  'output_cost_per_image_above_512_and_512_pixels',
  'output_cost_per_image_above_1024_and_1024_pixels_and_premium_image',
  'input_cost_per_audio_per_second_above_128k_tokens',
  'output_cost_per_audio_per_second',
  'input_cost_per_video_per_second_above_8s_interval',
  'input_cost_per_video_per_second_above_15s_interval',
  'output_cost_per_video_per_second',
  'citation_cost_per_token',
  'web_search_cost_per_request',
  'cache_creation_input_audio_token_cost',
  'cache_read_input_audio_token_cost',
  'cache_read_input_image_token_cost',
  'input_cost_per_image_priority',
  'input_cost_per_second_flex',
  'input_cost_per_token_batches',
  'input_cost_per_token_batch_requests',
  'input_dbu_cost_per_token',
  'ocr_cost_per_page',
  'annotation_cost_per_page',
  'code_interpreter_cost_per_session',
  'computer_use_input_cost_per_1k_tokens',
  'file_search_cost_per_1k_calls',
  'file_search_cost_per_gb_per_day',
  'vector_store_cost_per_gb_per_day',
]

const foreign = [
  'input_cost_per_tokn',
  'input_cost_per_token_above_200k',
  'cost_per_token',
  'max_tokens',
  'model',
  'inputXcost_per_token',
  'tiered_pricing_2',
  '',
]

describe('price keys', () => {
  it.each(effective)('%s is one and has an effect', key => {
    expect([isPriceKey(key), isEffectivePriceKey(key)]).toEqual([true, true])
  })

  it.each(withoutEffect)('%s is one without an effect', key => {
    expect([isPriceKey(key), isEffectivePriceKey(key)]).toEqual([true, false])
  })

  it.each(foreign)('%j is none', key => {
    expect([isPriceKey(key), isEffectivePriceKey(key)]).toEqual([false, false])
  })
})
