import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../core/json.ts'
import type { Operation } from '../core/request.ts'
import { FORBIDDEN_KEYS } from './control-keys.ts'
import { validate } from './validate.ts'

const messages = [{ role: 'user', content: 'hello' }]
const good: Readonly<Record<Operation, JsonObject>> = {
  chat: { model: 'm', messages },
  completion: { model: 'm', prompt: 'hello' },
  embedding: { model: 'm', input: 'hello' },
}
const check = (body: JsonObject, operation: Operation = 'chat') => validate(operation, { ...good[operation], ...body })

describe('a request body', () => {
  it.each<[JsonObject, Operation]>([
    [{}, 'chat'],
    [{ unknown_parameter: { a: 1 }, temperature: null, stream: null, tools: [], max_tokens: 1, n: 2 }, 'chat'],
    [{ metadata: { a: 'b' }, tags: ['x'], num_retries: 0, timeout: 0.5, fallbacks: [] }, 'chat'],
    [{ messages: [{ role: 'tool', content: null }] }, 'chat'],
    [{}, 'completion'],
    [{ prompt: ['a', 'b'] }, 'completion'],
    [{ input: [1, 2, 3] }, 'embedding'],
    [{ input: [[1], [2]] }, 'embedding'],
  ])('passes with %j for %s', (body, operation) => expect(() => check(body, operation)).not.toThrow())

  it.each<[JsonObject, string, Operation]>([
    [{ model: undefined }, 'model', 'chat'],
    [{ model: '' }, 'model', 'chat'],
    [{ model: '  ' }, 'model', 'chat'],
    [{ model: 1 }, 'model', 'embedding'],
    [{ model: ['m'] }, 'model', 'completion'],
    [{ messages: undefined }, 'messages', 'chat'],
    [{ messages: [] }, 'messages', 'chat'],
    [{ messages: 'hello' }, 'messages', 'chat'],
    [{ messages: ['hello'] }, 'messages[0]', 'chat'],
    [{ messages: [...messages, null] }, 'messages[1]', 'chat'],
    // Only in process: JSON has no text for it.
    [{ messages: [undefined] } as object as JsonObject, 'messages[0]', 'chat'],
    [{ messages: [{ content: 'x' }] }, 'messages[0].role', 'chat'],
    [{ prompt: undefined }, 'prompt', 'completion'],
    [{ prompt: 5 }, 'prompt', 'completion'],
    [{ input: undefined }, 'input', 'embedding'],
    [{ input: '' }, 'input', 'embedding'],
    [{ input: [] }, 'input', 'embedding'],
    [{ input: {} }, 'input', 'embedding'],
    [{ stream: 'true' }, 'stream', 'chat'],
    [{ stream_options: [] }, 'stream_options', 'chat'],
    [{ max_tokens: 0 }, 'max_tokens', 'chat'],
    [{ max_tokens: 1.5 }, 'max_tokens', 'chat'],
    [{ max_tokens: Number.POSITIVE_INFINITY }, 'max_tokens', 'chat'],
    [{ max_completion_tokens: '5' }, 'max_completion_tokens', 'chat'],
    [{ n: -1 }, 'n', 'chat'],
    [{ best_of: '5' }, 'best_of', 'completion'],
    [{ temperature: 'hot' }, 'temperature', 'chat'],
    // 1e999 is valid JSON and no number that could be written again.
    [{ temperature: Number.POSITIVE_INFINITY }, 'temperature', 'chat'],
    [{ tools: {} }, 'tools', 'chat'],
    [{ metadata: 'x' }, 'metadata', 'chat'],
    [{ tags: [1] }, 'tags', 'chat'],
    [{ num_retries: -1 }, 'num_retries', 'chat'],
    [{ timeout: 0 }, 'timeout', 'chat'],
    [{ timeout: Number.POSITIVE_INFINITY }, 'timeout', 'chat'],
    [{ fallbacks: 'm' }, 'fallbacks', 'chat'],
    [{ fallbacks: Array.from({ length: 101 }, () => 'm') }, 'fallbacks', 'chat'],
    [{ disable_fallbacks: 1 }, 'disable_fallbacks', 'chat'],
  ])('with %j is refused for %s (%s)', (body, param, operation) => {
    expect(() => check(body, operation)).toThrow(
      expect.objectContaining({ kind: 'invalid_request', param, message: expect.stringContaining(`'${param}'`) }),
    )
  })

  it.each(FORBIDDEN_KEYS)('may not choose %s', name => {
    for (const value of ['x', null, {}])
      expect(() => check({ [name]: value })).toThrow(expect.objectContaining({ kind: 'invalid_request', param: name }))
  })

  it('is quoted shortly in what it is told', () => {
    const told = () => check({ tools: 'x'.repeat(10_000) })
    expect(told).toThrow(expect.objectContaining({ message: expect.stringMatching(/^.{1,100}$/) }))
  })
})
