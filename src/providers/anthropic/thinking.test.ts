import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../core/json.ts'
import { attemptOf } from './fixtures.ts'
import { traitsOf } from './model.ts'
import { writeRequest } from './request.ts'

function thinkingOf(body: JsonObject, model: string): JsonObject {
  const messages = [{ role: 'user', content: 'hi' }]
  const { thinking, output_config, max_tokens } = writeRequest(
    attemptOf({ messages, ...body }, { model }),
    '2023-06-01',
  ).body
  return {
    ...(thinking && { thinking }),
    ...(output_config && { output_config }),
    ...(body.max_tokens && { max_tokens }),
  }
}

const budget = (budget_tokens: number) => ({ thinking: { type: 'enabled', budget_tokens } })
const adaptive = (effort: string) => ({ thinking: { type: 'adaptive' }, output_config: { effort } })
const shown = (effort: string) => ({
  thinking: { type: 'adaptive', display: 'summarized' },
  output_config: { effort },
})

describe('reasoning_effort', () => {
  it.each<[string, string, JsonObject]>([
    ['claude-sonnet-4-5', 'none', {}],
    ['claude-sonnet-4-5', 'minimal', budget(1024)],
    ['claude-sonnet-4-5', 'low', budget(1024)],
    ['claude-3-7-sonnet-20250219', 'medium', budget(2048)],
    ['claude-sonnet-4-20250514', 'high', budget(4096)],
    ['claude-opus-4-5-20251101', 'xhigh', budget(8192)],
    ['deepseek-reasoner', 'high', budget(4096)],
    ['claude-opus-4-6', 'none', {}],
    ['claude-opus-4-6', 'minimal', adaptive('low')],
    ['claude-sonnet-4.6', 'medium', adaptive('medium')],
    ['claude-opus-4-6', 'xhigh', adaptive('high')],
    ['claude-opus-4-6', 'max', adaptive('max')],
    ['claude-opus-4-7', 'high', shown('high')],
    ['claude-opus-4-8', 'none', {}],
    ['us.anthropic.claude-opus-4-8-v1:0', 'xhigh', shown('xhigh')],
    ['claude-mythos-preview', 'low', shown('low')],
    ['claude-sonnet-5', 'low', shown('low')],
    ['claude-sonnet-5', 'none', { thinking: { type: 'disabled' } }],
    ['claude-opus-5', 'none', { thinking: { type: 'disabled' } }],
    ['claude-haiku-5-5', 'none', { thinking: { type: 'disabled' } }],
    ['claude-sonnet-5-5', 'none', { thinking: { type: 'between_tools' } }],
    ['claude-opus-5-5', 'none', { output_config: { effort: 'low' } }],
    ['claude-fable-5-2', 'none', { output_config: { effort: 'low' } }],
    ['claude-opus-6', 'none', { output_config: { effort: 'low' } }],
  ])('%s, %s', (model, reasoning_effort, sent) => {
    expect(thinkingOf({ reasoning_effort }, model)).toEqual(sent)
  })

  it.each<[string, JsonObject]>([
    ['claude-sonnet-4-5', {}],
    ['claude-opus-4-6', { output_config: { effort: 'high' } }],
    ['claude-sonnet-5', { thinking: { type: 'disabled' }, output_config: { effort: 'high' } }],
  ])('%s does not think where a tool is forced', (model, sent) => {
    const tools = [{ type: 'function', function: { name: 'f' } }]
    const asked = { reasoning_effort: 'high', tools }
    for (const tool_choice of ['required', { type: 'function', function: { name: 'f' } }])
      expect(thinkingOf({ ...asked, tool_choice }, model)).toEqual(sent)
    expect(thinkingOf({ ...asked, tool_choice: 'auto' }, model)).toEqual(thinkingOf(asked, model))
    expect(thinkingOf(asked, model)).toHaveProperty('thinking')
  })

  it.each([
    [8000, budget(4096)],
    [4097, budget(4096)],
    [4096, budget(2048)],
    [2048, budget(1024)],
    [2047, {}],
  ])('has a budget within max_tokens %i', (max_tokens, sent) => {
    expect(thinkingOf({ reasoning_effort: 'high', max_tokens }, 'claude-sonnet-4-5')).toEqual({ ...sent, max_tokens })
  })

  it("goes behind the client's own thinking and output_config", () => {
    const own = { thinking: { type: 'enabled', budget_tokens: 2000 } }
    expect(thinkingOf({ reasoning_effort: 'high', ...own }, 'claude-sonnet-4-5')).toEqual(own)
    const output_config = { effort: 'max' }
    expect(thinkingOf({ reasoning_effort: 'low', output_config }, 'claude-opus-4-6')).toEqual(adaptive('max'))
  })

  it('gives no budget in a tool loop whose thoughts were lost, but does when they came back', () => {
    const loop = (thinking_blocks?: JsonObject[]) => [
      { role: 'user', content: 'hi' },
      {
        role: 'assistant',
        tool_calls: [{ id: 't', type: 'function', function: { name: 'f', arguments: '{}' } }],
        ...(thinking_blocks && { thinking_blocks }),
      },
      { role: 'tool', tool_call_id: 't', content: '1' },
    ]
    const body = { reasoning_effort: 'low' }
    const kept = [{ type: 'thinking', thinking: 'hm', signature: 's' }]
    expect(thinkingOf({ ...body, messages: loop() }, 'claude-sonnet-4-5')).toEqual({})
    expect(thinkingOf({ ...body, messages: loop(kept) }, 'claude-sonnet-4-5')).toEqual(budget(1024))
    expect(thinkingOf({ ...body, messages: loop() }, 'claude-opus-4-6')).toEqual(adaptive('low'))
  })
})

describe('the traits of a model', () => {
  it.each([
    ['claude-opus-4-10', true],
    ['claude-opus-4-7', true],
    ['claude-4.7-opus', true],
    ['claude-opus-4-6', false],
    ['claude-haiku-4-5-20251001', false],
    ['claude-3-5-sonnet@20240620', false],
    ['claude-sonnet-4-20250514', false],
    ['kimi-k2', false],
  ])('%s has fixed sampling: %s', (model, fixed) => {
    expect(traitsOf(model).fixedSampling).toBe(fixed)
  })
})
