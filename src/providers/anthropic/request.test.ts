import type { MessageCreateParamsBase } from '@anthropic-ai/sdk/resources/messages'
import { describe, expect, it } from 'vitest'
import { chat } from '../../../test/support/calls.ts'
import type { Deployment } from '../../core/deployment.ts'
import { writeExact } from '../../core/exact-numbers.ts'
import { Failure } from '../../core/failure.ts'
import type { JsonObject } from '../../core/json.ts'
import { attemptOf } from './fixtures.ts'
import { writeRequest } from './request.ts'

/** What the SDK's types call a request; they have lost the sampling parameters with version 2026-10-21. */
type Written = MessageCreateParamsBase & { temperature?: number; top_p?: number; top_k?: number }

const HI = [{ role: 'user', content: 'hi' }]

function written(body: JsonObject, changes: Partial<Deployment> = {}, version = '2023-06-01'): Written & JsonObject {
  return writeRequest(attemptOf({ messages: HI, ...body }, changes), version).body as unknown as Written & JsonObject
}

function refused(body: JsonObject, changes: Partial<Deployment> = {}): Failure {
  try {
    written(body, changes)
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
  throw new Error('was not refused')
}

function droppedFrom(body: JsonObject, changes: Partial<Deployment> = {}): readonly string[] {
  return writeRequest(attemptOf({ messages: HI, ...body }, changes), '2023-06-01').dropped
}

const dropping = { parameters: { dropUnsupported: true, drop: [], allow: [] } }

describe('a request', () => {
  it('is written as the SDK types it', () => {
    const expected: MessageCreateParamsBase = {
      model: 'claude-sonnet-4-5',
      max_tokens: 100,
      system: 'Be brief.',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
      stop_sequences: ['END'],
      stream: true,
      metadata: { user_id: 'u-1' },
      service_tier: 'standard_only',
      tools: [
        {
          name: 'f',
          description: 'does f',
          input_schema: { type: 'object', properties: { x: { type: 'integer', minimum: 1 } } },
          cache_control: { type: 'ephemeral' },
        },
        { name: 'g', input_schema: { type: 'object', properties: {} } },
      ],
      tool_choice: { type: 'tool', name: 'f', disable_parallel_tool_use: true },
    }
    const parameters = { type: 'object', properties: { x: { type: 'integer', minimum: 1 } } }
    const got = written({
      messages: [{ role: 'system', content: 'Be brief.' }, ...HI],
      max_completion_tokens: 100,
      stop: ['END', ' \n'],
      stream: true,
      stream_options: { include_usage: true },
      user: 'u-1',
      service_tier: 'default',
      tools: [
        {
          type: 'function',
          function: { name: 'f', description: 'does f', parameters },
          cache_control: { type: 'ephemeral' },
        },
        { type: 'function', function: { name: 'g' } },
      ],
      tool_choice: { type: 'function', function: { name: 'f' } },
      parallel_tool_calls: false,
    })
    expect(got).toEqual(expected)
  })

  it('takes defaults for what the client left open or sent as null, and leaves out what is to be dropped', () => {
    const changes = {
      defaults: { temperature: 0.1, top_k: 5, max_tokens: 7, foo: 'bar' },
      parameters: { dropUnsupported: false, drop: ['top_k', 'baz'], allow: [] },
    }
    const got = written({ temperature: null, max_completion_tokens: 9, top_p: null, baz: 1 }, changes)
    expect(got).toMatchObject({ temperature: 0.1, max_tokens: 9, foo: 'bar' })
    for (const name of ['top_k', 'top_p', 'baz', 'max_completion_tokens']) expect(got).not.toHaveProperty(name)
    expect(written({}, changes).max_tokens).toBe(7)
    expect(written({ temperature: 0.9 }, changes).temperature).toBe(0.9)
  })

  it.each([
    [{}, undefined, 4096],
    [{}, 8192, 8192],
    [{}, 128_000, 32_000],
    [{ max_tokens: 64_000 }, 8192, 64_000],
    [{ max_tokens: 0 }, undefined, 0],
    [{ thinking: { type: 'enabled', budget_tokens: 10_000 } }, undefined, 14_096],
    [{ thinking: { type: 'enabled', budget_tokens: 10_000 } }, 20_000, 20_000],
  ])('always has a limit: %j, model %s: %i', (body, maxOutputTokens, limit) => {
    const limits = { supports: {}, ...(maxOutputTokens && { maxOutputTokens }) }
    expect(written(body, { limits }).max_tokens).toBe(limit)
  })

  it.each([
    [1.7, 1],
    [-1, 0],
    [0.3, 0.3],
  ])('clamps temperature %d to %d', (given, sent) => {
    expect(written({ temperature: given }).temperature).toBe(sent)
  })

  it('leaves out stop sequences of nothing but white space', () => {
    expect(written({ stop: '\n' })).not.toHaveProperty('stop_sequences')
    expect(written({ stop: 'a' }).stop_sequences).toEqual(['a'])
  })

  it.each([
    ['user-7', 'user-7'],
    ['7f0e9d5c-32a1-4a2e-9d0a-0a1b2c3d4e5f', '7f0e9d5c-32a1-4a2e-9d0a-0a1b2c3d4e5f'],
    ['ann@example.com', /^[0-9a-f]{64}$/],
    ['+49 (0)30 1234567', /^[0-9a-f]{64}$/],
    ['x'.repeat(257), /^[0-9a-f]{64}$/],
  ])('names the user %s as Anthropic takes it', (user, sent) => {
    const id = written({ user }).metadata?.user_id
    if (typeof sent === 'string') expect(id).toBe(sent)
    else expect(id).toMatch(sent)
  })
})

describe('parameters that Anthropic has not', () => {
  it.each([
    ['n', 2],
    ['logprobs', true],
    ['top_logprobs', 3],
    ['logit_bias', { 50256: -100 }],
    ['presence_penalty', 0.5],
    ['frequency_penalty', -0.5],
    ['seed', 0],
    ['store', true],
    ['modalities', ['text', 'audio']],
    ['audio', { voice: 'alloy' }],
    ['prediction', { type: 'content', content: 'x' }],
    ['verbosity', 'low'],
    ['functions', [{ name: 'f' }]],
    ['service_tier', 'flex'],
  ])('U7: refuses %s, or drops it where it may, or lets it through where it must', (name, value) => {
    const failure = refused({ [name]: value })
    expect(failure).toMatchObject({ kind: 'invalid_request', param: name, code: 'unsupported_parameter' })
    expect(failure.message).toContain('anthropic/claude-sonnet-4-5')
    expect(written({ [name]: value }, dropping)).not.toHaveProperty(name)
    if (name === 'service_tier') return
    const allowing = { parameters: { dropUnsupported: false, drop: [], allow: [name] } }
    expect(written({ [name]: value }, allowing)[name]).toEqual(value)
  })

  it('drops what asks for nothing, and passes on what it does not know', () => {
    const harmless = {
      n: 1,
      logprobs: false,
      logit_bias: {},
      presence_penalty: 0,
      frequency_penalty: 0,
      store: false,
      modalities: ['text'],
      prompt_cache_key: 'k',
      response_format: { type: 'text' },
    }
    const got = written({ ...harmless, cache_control: { type: 'ephemeral' }, constructor: 'x' })
    expect(Object.keys(got).sort()).toEqual(['cache_control', 'constructor', 'max_tokens', 'messages', 'model'])
  })

  it.each(['temperature', 'top_p', 'top_k'])('refuses %s on models without sampling, except at its default', name => {
    const newest = { model: 'claude-opus-4-7' }
    expect(refused({ [name]: 0.5 }, newest).param).toBe(name)
    expect(written({ [name]: 0.5 }, { ...newest, ...dropping })).not.toHaveProperty(name)
    if (name !== 'top_k') expect(written({ [name]: 1 }, newest)).not.toHaveProperty(name)
    expect(() => written({ [name]: 0.5 }, {}, '2026-10-21')).toThrow('takes no sampling parameters')
    expect(written({ [name]: 0.5 })[name]).toBe(0.5)
  })

  it('has temperature or top_p where a model takes one of them, the one that asks for something', () => {
    const sampling = (body: JsonObject, changes: Partial<Deployment> = {}) => {
      const { temperature, top_p } = written(body, changes)
      return [temperature, top_p]
    }
    expect(sampling({ temperature: 0.7, top_p: 1 })).toEqual([0.7, undefined])
    expect(sampling({ temperature: 1, top_p: 0.9 })).toEqual([undefined, 0.9])
    expect(sampling({ temperature: 0.7, top_p: 0.9 }, dropping)).toEqual([0.7, undefined])
    expect(droppedFrom({ temperature: 0.7, top_p: 0.9 }, dropping)).toEqual(['top_p'])
    expect(droppedFrom({ temperature: 0.7, top_p: 1 })).toEqual([])
    expect(refused({ temperature: 0.7, top_p: 0.9 }).param).toBe('top_p')
    const allowing = { parameters: { dropUnsupported: false, drop: [], allow: ['top_p'] } }
    expect(sampling({ temperature: 0.7, top_p: 0.9 }, allowing)).toEqual([0.7, 0.9])
    for (const model of ['claude-sonnet-4-20250514', 'claude-3-5-haiku-20241022', 'other'])
      expect(sampling({ temperature: 0.7, top_p: 0.9 }, { model })).toEqual([0.7, 0.9])
    expect(sampling({ temperature: 0.7, top_p: 1 }, { model: 'claude-opus-4-1-20250805' })).toEqual([0.7, undefined])
  })
})

describe('sampling beside thoughts', () => {
  const thinking = { type: 'enabled', budget_tokens: 2000 }

  it.each<[JsonObject, string]>([
    [{ reasoning_effort: 'low', temperature: 0.2 }, 'temperature'],
    [{ reasoning_effort: 'low', top_k: 5 }, 'top_k'],
    [{ thinking, top_p: 0.9 }, 'top_p'],
  ])('of %j is refused, left out or let through, as configured', (body, name) => {
    expect(refused(body)).toMatchObject({ param: name, code: 'unsupported_parameter' })
    expect(refused(body, { model: 'claude-opus-4-6' }).param).toBe(name)
    expect(written(body, dropping)).not.toHaveProperty(name)
    expect(written(body, dropping).thinking).toMatchObject({ type: 'enabled' })
    expect(droppedFrom(body, dropping)).toEqual([name])
    const allowing = { parameters: { dropUnsupported: false, drop: [], allow: [name] } }
    expect(written(body, allowing)[name]).toBe(body[name])
  })

  it('stays where it disturbs none, or there are none', () => {
    expect(written({ reasoning_effort: 'low', temperature: 1 }).temperature).toBe(1)
    expect(written({ reasoning_effort: 'low', temperature: 1.5 }).temperature).toBe(1)
    expect(written({ reasoning_effort: 'low', top_p: 0.95 }).top_p).toBe(0.95)
    expect(written({ reasoning_effort: 'none', temperature: 0.2 }).temperature).toBe(0.2)
    expect(written({ thinking: { type: 'disabled' }, top_k: 5 }).top_k).toBe(5)
    const forced = { tools: [{ type: 'function', function: { name: 'f' } }], tool_choice: 'required' }
    expect(written({ reasoning_effort: 'low', temperature: 0.2, ...forced }).temperature).toBe(0.2)
  })
})

describe('numbers of more digits than JavaScript keeps', () => {
  it.each([false, true])('stay in the schemas of tools as the client wrote them; strict: %s', strict => {
    const schema = '{"type":"object","properties":{"id":{"type":"integer","maximum":9223372036854775807}}}'
    const tool = `{"type":"function","function":{"name":"f","strict":${strict},"parameters":${schema}}}`
    const request = chat(`{"model":"m","messages":${JSON.stringify(HI)},"tools":[${tool}]}`)
    const body = writeExact(writeRequest({ ...attemptOf({}), request }, '2023-06-01').body)
    expect(body).toContain(strict ? '{maximum: 9223372036854775807}' : schema)
    expect(() => JSON.parse(body) as unknown).not.toThrow()
  })
})

describe('response_format', () => {
  const schema = { type: 'object', properties: { a: { type: 'string', minLength: 1 } }, required: ['a'] }
  const wanted = { type: 'json_schema', json_schema: { name: 'n', strict: true, schema } }

  it('is enforced by output_config.format', () => {
    expect(
      written({ response_format: wanted, reasoning_effort: 'low' }, { model: 'claude-opus-4-6' }).output_config,
    ).toEqual({
      effort: 'low',
      format: {
        type: 'json_schema',
        schema: {
          type: 'object',
          properties: { a: { type: 'string', description: '{minLength: 1}' } },
          required: ['a'],
          additionalProperties: false,
        },
      },
    })
  })

  it('is refused or dropped where the model is known not to have it', () => {
    const limits = { supports: { response_schema: false } }
    expect(refused({ response_format: wanted }, { limits }).param).toBe('response_format')
    expect(written({ response_format: wanted }, { limits, ...dropping })).not.toHaveProperty('output_config')
  })

  it('json_object is asked for in the system prompt', () => {
    const body = { response_format: { type: 'json_object' } }
    expect(written(body).system).toMatch(/single JSON object/)
    expect(written({ ...body, messages: [{ role: 'system', content: 'S' }, ...HI] }).system).toMatch(
      /^S\n\n.*JSON object/,
    )
    const cached = [{ type: 'text', text: 'S', cache_control: { type: 'ephemeral' } }]
    expect(written({ ...body, messages: [{ role: 'system', content: cached }, ...HI] }).system).toEqual([
      ...cached,
      { type: 'text', text: expect.stringContaining('JSON object') },
    ])
  })
})

describe('a request that cannot be written', () => {
  it.each<[JsonObject, string | undefined]>([
    [{ messages: [] }, 'messages'],
    [{ messages: 'hi' }, 'messages'],
    [{ max_tokens: 1.5 }, 'max_tokens'],
    [{ max_completion_tokens: '9' }, 'max_completion_tokens'],
    [{ temperature: 'hot' }, 'temperature'],
    [{ stop: 7 }, 'stop'],
    [{ stop: ['a', 7] }, 'stop'],
    [{ response_format: { type: 'xml' } }, 'response_format.type'],
    [{ response_format: { type: 'json_schema' } }, 'response_format.json_schema.schema'],
    [{ reasoning_effort: 'enormous' }, 'reasoning_effort'],
    [{ tools: {} }, 'tools'],
    [{ thinking: 'much' }, 'thinking'],
    [{ output_config: 'json' }, 'output_config'],
  ])('%j is refused at %s', (body, param) => {
    expect(refused(body)).toMatchObject({ kind: 'invalid_request', param })
  })

  it('tells what it leaves out', () => {
    expect(droppedFrom({ temperature: 0.5, n: 1, logit_bias: {} })).toEqual([])
    expect(droppedFrom({ prompt_cache_key: 'k', reasoning_effort: 'none' })).toEqual(['prompt_cache_key'])
    expect(droppedFrom({ n: 2, seed: 7, service_tier: 'flex' }, dropping)).toEqual(['n', 'seed', 'service_tier'])
    const parameters = { dropUnsupported: false, drop: ['top_p', 'top_k'], allow: [] }
    expect(droppedFrom({ top_p: 0.5 }, { parameters })).toEqual(['top_p'])
    // A thinking budget that does not fit into the limit.
    expect(droppedFrom({ reasoning_effort: 'low', max_tokens: 100 })).toEqual(['reasoning_effort'])
  })

  it("has the deployment's tools behind the client's", () => {
    const tool = (name: string) => ({ type: 'function', function: { name, parameters: { type: 'object' } } })
    const { tools } = written({ tools: [tool('a')] }, { defaults: { tools: [tool('b')] } })
    expect(tools?.map(one => 'name' in one && one.name)).toEqual(['a', 'b'])
  })

  it.each(['completion', 'embedding'] as const)('%s is not chat', operation => {
    const attempt = attemptOf({ input: 'x' })
    const other = { ...attempt, request: { ...attempt.request, operation } }
    expect(() => writeRequest(other, '2023-06-01')).toThrow(expect.objectContaining({ kind: 'invalid_request' }))
  })
})
