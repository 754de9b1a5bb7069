import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../core/json.ts'
import { writeToolChoice, writeTools } from './tools.ts'

const refusedAt = (param: string) => expect.objectContaining({ kind: 'invalid_request', param })

describe('tools', () => {
  it('are functions with a schema, their marks for the cache and their strictness', () => {
    const parameters = { properties: { x: { type: 'integer', minimum: 1 } } }
    const schema = { type: 'object', ...parameters }
    const mark = { cache_control: { type: 'ephemeral' } }
    expect(
      writeTools([
        { type: 'function', function: { name: 'f', description: '', parameters, strict: false, ...mark } },
        { type: 'function', function: { name: 'g', description: 'does g', parameters: schema, strict: true }, ...mark },
        { type: 'function', function: { name: 'h', parameters: null } },
      ]),
    ).toEqual([
      { name: 'f', input_schema: schema, ...mark },
      {
        name: 'g',
        description: 'does g',
        input_schema: {
          type: 'object',
          properties: { x: { type: 'integer', description: '{minimum: 1}' } },
          additionalProperties: false,
        },
        strict: true,
        ...mark,
      },
      { name: 'h', input_schema: { type: 'object', properties: {} } },
    ])
  })

  it.each<[JsonObject | string, string]>([
    [{ type: 'function' }, 'tools[0].function'],
    [{ type: 'function', function: {} }, 'tools[0].function.name'],
    [{ type: 'function', function: { name: 'f', parameters: 'x' } }, 'tools[0].function.parameters'],
    [{ type: 'custom', custom: { name: 'f' } }, 'tools[0].type'],
    [{ type: 'mcp' }, 'tools[0].type'],
    ['f', 'tools[0]'],
  ])('%j is refused at %s', (tool, param) => {
    expect(() => writeTools([tool])).toThrow(refusedAt(param))
  })

  it("are passed on in Anthropic's own shape, and none are none", () => {
    const tool = { type: 'web_search_20250305', name: 'web_search', max_uses: 3 }
    expect(writeTools([tool])).toEqual([tool])
    expect(writeTools([])).toBeUndefined()
  })
})

describe('tool_choice', () => {
  it.each([
    ['auto', undefined, { type: 'auto' }],
    ['none', false, { type: 'none' }],
    ['required', undefined, { type: 'any' }],
    ['required', false, { type: 'any', disable_parallel_tool_use: true }],
    [{ type: 'function', function: { name: 'f' } }, true, { type: 'tool', name: 'f' }],
    [{ type: 'tool', name: 'f' }, undefined, { type: 'tool', name: 'f' }],
    [undefined, false, { type: 'auto', disable_parallel_tool_use: true }],
    [undefined, true, undefined],
  ])('%j with parallel_tool_calls %s is %j', (choice, parallel, sent) => {
    expect(writeToolChoice(choice, parallel, true)).toEqual(sent)
  })

  it('without tools is nothing, or refused when it wants one', () => {
    expect(writeToolChoice('auto', false, false)).toBeUndefined()
    expect(() => writeToolChoice('required', undefined, false)).toThrow(refusedAt('tool_choice'))
  })

  it.each(['any tool', { type: 'allowed_tools' }, 7])('%j is refused', choice => {
    expect(() => writeToolChoice(choice, undefined, true)).toThrow(refusedAt('tool_choice'))
  })
})
