import { describe, expect, it } from 'vitest'
import { deployment } from '../../test/support/settings.ts'
import type { Deployment } from '../core/deployment.ts'
import { candidateOf } from '../pools/fixtures.ts'
import { mayProbe, probeOf } from './probe.ts'

const of = (parts: Partial<Deployment>) => deployment({ id: 'a', pool: 'p', baseUrl: 'http://127.0.0.1:1', ...parts })

describe('what a probe asks', () => {
  it('is the least that the mode of the model takes', () => {
    expect(probeOf(of({ model: 'm' }))).toMatchObject({
      request: {
        operation: 'chat',
        body: { model: 'm', messages: [{ role: 'user', content: 'hi' }], max_tokens: 5 },
        streamed: false,
      },
      timeoutMs: 60_000,
    })
    expect(probeOf(of({ info: { mode: 'completion' } }))?.request.body).toMatchObject({ prompt: 'hi', max_tokens: 5 })
    expect(probeOf(of({ info: { mode: 'embedding' } }))?.request.body).toEqual({ model: 'model-of-a', input: 'hi' })
  })

  it('lets a reasoning model think', () => {
    const reasoning = { supports: { reasoning: true } }
    expect(probeOf(of({ limits: reasoning }))?.request.body).toMatchObject({ max_tokens: 64 })
    expect(probeOf(of({ limits: reasoning, probe: { maxTokens: 9 } }))?.request.body).toMatchObject({ max_tokens: 9 })
  })

  it('goes to the model that is named for it, at its price', () => {
    const probe = { model: { name: 'tiny', price: undefined }, timeoutMs: 1000 }
    const found = probeOf(of({ model: '*', probe }))
    expect(found?.deployment).toMatchObject({ id: 'a', model: 'tiny', price: undefined })
    expect(found?.timeoutMs).toBe(1000)
  })

  it('does not exist for wildcards and for modes that are not served', () => {
    expect(probeOf(of({ model: '*' }))).toBeUndefined()
    expect(probeOf(of({ info: { mode: 'image_generation' } }))).toBeUndefined()
    expect(probeOf(of({ info: { mode: 'constructor' } }))).toBeUndefined()
  })
})

describe('who may be probed', () => {
  const ask = (parts: Partial<Deployment>, vitals: Parameters<typeof candidateOf>[1] = {}) =>
    mayProbe(of(parts), candidateOf(of(parts), vitals).vitals, 1000)

  it('is whoever takes calls or rests after failures', () => {
    expect(ask({})).toBe(true)
    expect(ask({}, { restingUntil: 5000 })).toBe(true)
  })

  it('is not who was taken out, asked us to stay away, or is full of calls', () => {
    expect(ask({ selection: { tags: [], tagPatterns: [], blocked: true } })).toBe(false)
    expect(ask({}, { heldOutUntil: 5000 })).toBe(false)
    expect(ask({}, { inFlight: 2, maxInFlight: 2 })).toBe(false)
  })
})
