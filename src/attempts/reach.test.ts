import { describe, expect, it } from 'vitest'
import { callTo } from '../../test/support/calls.ts'
import { deployment, routing } from '../../test/support/settings.ts'
import type { CallOptions } from '../core/call.ts'
import type { FallbackSettings } from '../core/settings.ts'
import { createRouter } from '../router.ts'
import { reachOf } from './reach.ts'

const to = (...pools: readonly string[]) => pools.map(pool => ({ pool }))

function reached(pool: string, fallbacks: Partial<FallbackSettings>, options: CallOptions = {}) {
  const deployments = ['a', 'b', 'c', 'd'].map(id => deployment({ id, pool: id, baseUrl: 'http://127.0.0.1' }))
  const settings = routing({ deployments, fallbacks, aliases: {} })
  const { pools } = createRouter(settings, { send: () => Promise.reject(new Error('nobody is asked')) })
  const call = callTo(pool, { options })
  const found = reachOf(call, {
    poolFor: name => {
      const found = pools.resolve(name)
      if (!found) throw new Error(`no pool ${name}`)
      return found
    },
    fallbacks: settings.fallbacks,
  })
  return [...found]
    .map(({ id }) => id)
    .sort()
    .join('')
}

describe('what a call may reach', () => {
  it('is its pool and whatever that may give way to, for whatever reason, and so on', () => {
    expect(reached('a', {})).toBe('a')
    expect(reached('a', { general: { a: to('b'), b: to('c') } })).toBe('abc')
    expect(reached('a', { contextWindow: { a: to('b') }, contentPolicy: { a: to('c') } })).toBe('abc')
    expect(reached('a', { general: { '*': to('d') } })).toBe('ad')
    expect(reached('a', { general: { a: to('b'), b: to('a') } })).toBe('ab')
  })

  it('is also what the call itself names, and nothing else where it wants no fallbacks', () => {
    expect(reached('a', {}, { fallbacks: to('c') })).toBe('ac')
    expect(reached('a', {}, { contextWindowFallbacks: { a: to('b') }, contentPolicyFallbacks: { a: to('d') } })).toBe(
      'abd',
    )
    expect(reached('a', { general: { a: to('b') } }, { disableFallbacks: true, fallbacks: to('c') })).toBe('a')
  })
})
