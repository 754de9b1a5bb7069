import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { attemptAt, callTo } from '../../../test/support/calls.ts'
import { corpus } from '../../../test/support/data.ts'
import { deployment } from '../../../test/support/settings.ts'
import { Failure } from '../../core/failure.ts'
import type { Json } from '../../core/json.ts'
import type { Operation } from '../../core/request.ts'
import { readWhole, statusOf } from './whole.ts'

const suite = corpus('fuzz/JSONTestSuite/test_parsing')
const one = deployment({ id: 'a', pool: 'p', model: 'm', baseUrl: 'http://127.0.0.1:1' })

function read(body: Json | string | Buffer, operation: Operation = 'chat') {
  const attempt = attemptAt(one, callTo('p', { request: { operation } }))
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  return { bytes, ...readWhole(attempt, bytes) }
}

const choice = { index: 0, message: { role: 'assistant', content: 'hällo' }, finish_reason: 'stop' }

describe('a whole answer of OpenAI', () => {
  it('tells of the web searches that a host has counted', () => {
    const counted = { prompt_tokens: 3, completion_tokens: 4, server_tool_use: { web_search_requests: 2 } }
    expect(read({ choices: [choice], usage: counted }).usage).toMatchObject({ webSearches: 2 })
    expect(read({ choices: [choice], usage: { ...counted, server_tool_use: null } }).usage).not.toHaveProperty(
      'webSearches',
    )
  })

  it.each([
    ['default', 'default'],
    ['standard', 'default'],
    ['scale', 'default'],
    ['flex', 'flex'],
    ['priority', 'priority'],
    ['ultrafast', 'ultrafast'],
    ['of tomorrow', 'other'],
    ['', undefined],
    [null, undefined],
  ])('says by which service tier it comes: %j', (service_tier, serviceTier) => {
    const { usage } = read({ choices: [choice], usage: { prompt_tokens: 3, completion_tokens: 4 }, service_tier })
    expect(usage).toEqual({ inputTokens: 3, outputTokens: 4, ...(serviceTier && { serviceTier }) })
  })

  it('is its own bytes, and what they say', () => {
    const { frame, bytes, ...about } = read({
      id: 'r',
      model: 'm-1',
      choices: [choice],
      usage: { prompt_tokens: 3, completion_tokens: 4 },
    })
    expect(frame.bytes).toBe(bytes)
    expect(frame.objects).toMatchObject([{ id: 'r' }])
    expect(about).toEqual({
      usage: { inputTokens: 3, outputTokens: 4 },
      model: 'm-1',
      responseId: 'r',
      finishReason: 'stop',
      contentBytes: 6,
    })
  })

  it.each<[string, Json, Operation, number]>([
    ['of several choices', { choices: [choice, choice] }, 'chat', 12],
    ['of a tool call', { choices: [{ message: { content: null, tool_calls: [{ id: 'c' }] } }] }, 'chat', 12],
    ['of reasoning', { choices: [{ message: { content: 'a', reasoning_content: 'bcd' } }] }, 'chat', 4],
    ['of speech', { choices: [{ message: { audio: { data: 'A'.repeat(64_000), transcript: 'abc' } } }] }, 'chat', 83],
    ['of a completion', { choices: [{ text: 'abc' }] }, 'completion', 3],
    ['of nothing', { choices: [{ message: { content: null } }] }, 'chat', 0],
  ])('has the bytes %s counted for an estimate', (_, body, operation, bytes) => {
    expect(read(body, operation).contentBytes).toBe(bytes)
  })

  it('whose choice failed is none, and costs what it says', () => {
    const error = { code: 429, message: 'Upstream busy' }
    const body = {
      choices: [{ message: { content: '' }, finish_reason: 'error', error }],
      usage: { prompt_tokens: 3, completion_tokens: 1 },
    }
    expect(() => read(body)).toThrow(
      expect.objectContaining({
        kind: 'rate_limited',
        message: expect.stringContaining('Upstream busy'),
        usage: { inputTokens: 3, outputTokens: 1 },
      }),
    )
    expect(read({ choices: [{ ...choice, error: null }] }).finishReason).toBe('stop')
  })

  it('may be a list of embeddings', () => {
    const { frame, contentBytes } = read({ object: 'list', data: [], usage: { prompt_tokens: 3 } }, 'embedding')
    expect([frame.objects.length, contentBytes]).toEqual([1, undefined])
    const usageOf = (usage: Json) => read({ data: [], usage }, 'embedding').usage
    expect(usageOf({ prompt_tokens: 3, total_tokens: 3 })).toEqual({ inputTokens: 3, outputTokens: 0 })
    expect(usageOf({ total_tokens: 7 })).toEqual({ inputTokens: 7, outputTokens: 0 })
    expect(usageOf({})).toBeUndefined()
  })

  it.each<[string, string, Operation]>([
    ['is not JSON', '<html>', 'chat'],
    ['is not JSON', '', 'chat'],
    ['is not JSON', '{"choices":[', 'chat'],
    ['is not a JSON object', '[]', 'chat'],
    ['is not a JSON object', 'null', 'chat'],
    ['has no choices', '{}', 'chat'],
    ['has no choices', '{"choices":[]}', 'chat'],
    ['has no choices', '{"choices":"x"}', 'completion'],
    ['has no data', '{"choices":[]}', 'embedding'],
    ['nests deeper', `{"a":${'['.repeat(100_000)}`, 'chat'],
  ])('%s: %.20s', (message, body, operation) => {
    expect(() => read(body, operation)).toThrow(
      expect.objectContaining({ kind: 'bad_answer', message: expect.stringContaining(message) }),
    )
  })

  it.each<[Json, number]>([
    [{ code: 429 }, 429],
    [{ code: '503' }, 503],
    [{ status: 404 }, 404],
    [{ code: 200 }, 500],
    [{ code: 'rate', type: 'rate_limit_error' }, 429],
    [{ type: 'invalid_request_error' }, 400],
    [{ type: 'constructor' }, 500],
    ['text', 500],
    [{}, 500],
  ])('with the error %j in spite of its status stands for status %d', (error, status) => {
    expect(statusOf(error)).toBe(status)
    expect(() => read({ error })).toThrow(expect.objectContaining({ upstreamStatus: status }))
  })

  it.skipIf(!suite)('is refused by name when it is any of the JSON test suite', () => {
    for (const name of readdirSync(suite ?? '')) {
      const refused = () => read(readFileSync(join(suite ?? '', name)))
      expect(refused, name).toThrow(Failure)
      expect(refused, name).toThrow(expect.objectContaining({ kind: 'bad_answer' }))
    }
  })
})
