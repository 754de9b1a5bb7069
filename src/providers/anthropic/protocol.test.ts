import { describe, expect, it } from 'vitest'
import type { Deployment } from '../../core/deployment.ts'
import { Secret } from '../../core/secret.ts'
import { attemptOf, KEY } from './fixtures.ts'
import { anthropic } from './protocol.ts'

const body = { messages: [{ role: 'user', content: 'hi' }] }

function headersOf(changes: Partial<Deployment>): Record<string, string | undefined> {
  const { headers } = anthropic(attemptOf(body, changes))
  const pairs: [string, string | undefined][] = []
  for (let at = 0; at < headers.length; at += 2) pairs.push([headers[at] ?? '', headers[at + 1]])
  expect(new Set(pairs.map(([name]) => name)).size).toBe(pairs.length)
  return Object.fromEntries(pairs)
}

describe('an exchange', () => {
  it.each([
    'https://api.anthropic.com',
    'https://api.anthropic.com/',
    'https://api.anthropic.com/v1',
    'https://api.anthropic.com/v1/',
    'https://api.anthropic.com/v1/messages',
  ])('goes to /v1/messages of %s', baseUrl => {
    expect(anthropic(attemptOf(body, { baseUrl })).url).toBe('https://api.anthropic.com/v1/messages')
  })

  it('goes below the path of another host', () => {
    expect(anthropic(attemptOf(body, { baseUrl: 'https://api.deepseek.com/anthropic' })).url).toBe(
      'https://api.deepseek.com/anthropic/v1/messages',
    )
  })

  it("carries the key and the version, unless the deployment's own headers say otherwise", () => {
    expect(headersOf({})).toEqual({
      'content-type': 'application/json',
      'accept-encoding': 'identity',
      'anthropic-version': '2023-06-01',
      'x-api-key': KEY,
    })
    const headers = {
      'Anthropic-Version': new Secret('2026-10-21'),
      'X-Api-Key': new Secret('other'),
      'anthropic-beta': new Secret('x-2026'),
    }
    expect(headersOf({ headers })).toEqual({
      'content-type': 'application/json',
      'accept-encoding': 'identity',
      'anthropic-version': '2026-10-21',
      'x-api-key': 'other',
      'anthropic-beta': 'x-2026',
    })
  })

  it('is written for the version that it carries', () => {
    const headers = { 'ANTHROPIC-VERSION': new Secret('2026-10-21') }
    expect(() => anthropic(attemptOf({ ...body, temperature: 0 }, { headers }))).toThrow(/temperature/)
    expect(JSON.parse(String(anthropic(attemptOf({ ...body, temperature: 0 })).body))).toMatchObject({ temperature: 0 })
  })

  it("has the deployment's model and no key in its body", () => {
    const { body: sent } = anthropic(attemptOf({ ...body, model: 'alias' }))
    expect(JSON.parse(String(sent))).toEqual({
      model: 'claude-sonnet-4-5',
      max_tokens: 4096,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
    })
    expect(sent).not.toContain(KEY)
  })

  it('needs no key where the upstream needs none', () => {
    const { apiKey: _, ...keyless } = attemptOf(body).deployment
    expect(anthropic({ ...attemptOf(body), deployment: keyless }).headers).not.toContain('x-api-key')
  })

  it('keeps the arguments of tools digit by digit, on their way there and back', () => {
    const input = '{"id":1234567890123456789,"rate":0.10000000000000000001}'
    const call = { id: 'toolu_1', type: 'function', function: { name: 'f', arguments: input } }
    const messages = [...body.messages, { role: 'assistant', content: null, tool_calls: [call] }]
    const exchange = anthropic(attemptOf({ messages }))
    expect(exchange.body).toContain(`"input":${input}`)
    const use = `{"type":"tool_use","id":"toolu_1","name":"f","input":${input}}`
    const answer = `{"content":[${use}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":2}}`
    expect(exchange.readWhole(Buffer.from(answer)).frame.objects).toMatchObject([
      { choices: [{ message: { tool_calls: [call] } }] },
    ])
  })
})
