import { describe, expect, it } from 'vitest'
import { chat } from '../../test/support/calls.ts'
import { deployment } from '../../test/support/settings.ts'
import type { Request } from '../core/request.ts'
import { withForcedLimit, withOutputLimit } from './output-limit.ts'

const at = (provider: string, defaults = {}) =>
  deployment({ id: 'd', pool: 'p', baseUrl: 'http://x', provider, defaults })

describe('a lowered limit', () => {
  it('stands in the fields that the client uses, and is never above its own', () => {
    expect(withOutputLimit(chat({ max_tokens: 100 }), 20).body).toMatchObject({ max_tokens: 20 })
    expect(withOutputLimit(chat({ max_completion_tokens: 100 }), 20).body).toMatchObject({ max_completion_tokens: 20 })
    expect(withOutputLimit(chat({ max_tokens: 10 }), 20).body.max_tokens).toBe(10)
    expect(withOutputLimit(chat({ max_tokens: 90, max_completion_tokens: 10 }), 20).body).toMatchObject({
      max_tokens: 20,
      max_completion_tokens: 10,
    })
  })

  it('goes without the bytes of the client, which say something else', () => {
    const request = chat('{"model":"m","messages":[{"role":"user","content":"a"}],"max_tokens":100}')
    expect(request.source).toBeDefined()
    const lowered = withOutputLimit(request, 20)
    expect(lowered.source).toBeUndefined()
    expect(lowered.body).toEqual({ ...request.body, max_tokens: 20 })
  })
})

describe('a forced limit', () => {
  it('is set where neither the client nor the deployment sets one, in the field that the host knows', () => {
    expect(withForcedLimit(chat({}), at('openai'), 50).body).toMatchObject({ max_completion_tokens: 50 })
    expect(withForcedLimit(chat({}), at('mistral'), 50).body).toMatchObject({ max_tokens: 50 })
    const completion = { operation: 'completion', streamed: false, body: { prompt: 'a', max_tokens: null } } as const
    expect(withForcedLimit(completion, at('openai'), 50).body).toEqual({ prompt: 'a', max_tokens: 50 })
  })

  it('has the old name beside a prediction, which takes no other', () => {
    const prediction = { type: 'content', content: 'a' }
    const { body } = withForcedLimit(chat({ prediction }), at('openai'), 50)
    expect(body).toMatchObject({ prediction, max_tokens: 50 })
    expect(body).not.toHaveProperty('max_completion_tokens')
    expect(withForcedLimit(chat({ prediction: null }), at('openai'), 50).body.max_completion_tokens).toBe(50)
  })

  it('stands in for that of a deployment which a null of the client takes away', () => {
    const request = chat({ max_tokens: null })
    expect(withForcedLimit(request, at('openai', { max_tokens: 9 }), 50).body).toMatchObject({
      max_tokens: null,
      max_completion_tokens: 50,
    })
    expect(withForcedLimit(request, at('openai', { max_completion_tokens: 9 }), 50)).toBe(request)
  })

  it('of a completion is the old one, whatever the client says in the new field', () => {
    const request = {
      operation: 'completion',
      streamed: false,
      body: { prompt: 'a', max_completion_tokens: 1 },
    } as const
    expect(withForcedLimit(request, at('openai'), 50).body).toMatchObject({ max_tokens: 50 })
    expect(withOutputLimit(request, 20).body).toMatchObject({ max_tokens: 20 })
  })

  it('is told beside the text of the client, which is not written anew', () => {
    const request = chat('{"model":"m","messages":[{"role":"user","content":"a"}]}')
    const { body, source } = withForcedLimit(request, at('openai'), 50)
    expect(body).toEqual({ ...request.body, max_completion_tokens: 50 })
    expect(source).toEqual({ ...request.source, added: { max_completion_tokens: 50 } })
    const says = chat('{"model":"m","messages":[{"role":"user","content":"a"}],"max_completion_tokens":null}')
    expect(withForcedLimit(says, at('openai'), 50).source).toBeUndefined()
  })

  it('stands where a caller in process has a member that is undefined', () => {
    const given = { operation: 'chat', streamed: false, body: { max_completion_tokens: undefined } } as const
    const { body } = withForcedLimit(given as unknown as Request, at('openai'), 50)
    expect(JSON.parse(JSON.stringify(body))).toEqual({ max_completion_tokens: 50 })
  })

  it('leaves the request as it is, its bytes included, where somebody has set one or there is no output', () => {
    const own = chat('{"model":"m","messages":[{"role":"user","content":"a"}],"max_tokens":100}')
    expect(withForcedLimit(own, at('openai'), 50)).toBe(own)
    const plain = chat('{"model":"m","messages":[{"role":"user","content":"a"}]}')
    expect(withForcedLimit(plain, at('openai', { max_tokens: 9 }), 50)).toBe(plain)
    const embedding = { operation: 'embedding', streamed: false, body: { input: 'a' } } as const
    expect(withForcedLimit(embedding, at('openai'), 50)).toBe(embedding)
  })
})
