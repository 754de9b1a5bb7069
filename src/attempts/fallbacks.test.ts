import { describe, expect, it } from 'vitest'
import { callTo } from '../../test/support/calls.ts'
import { hasContentFallback } from './fallbacks.ts'

const settings = (contentPolicy: Record<string, { pool: string }[]>) => ({
  general: {},
  contextWindow: {},
  contentPolicy,
  max: 5,
})

describe('a place to go after a refusal for content', () => {
  it.each<[string, Parameters<typeof callTo>[1], Record<string, { pool: string }[]>, boolean]>([
    ['is the configured one', {}, { a: [{ pool: 'b' }] }, true],
    ['is the one for everybody', {}, { '*': [{ pool: 'b' }] }, true],
    ["is the caller's", { options: { contentPolicyFallbacks: { a: [{ pool: 'b' }] } } }, {}, true],
    ['is that of the tiered pool through which the call came', { tier: 'smart' }, { smart: [{ pool: 'b' }] }, true],
    ['is missing', {}, { x: [{ pool: 'b' }] }, false],
    ['is missing when the list is empty', {}, { a: [] }, false],
    ['is not wanted', { options: { disableFallbacks: true } }, { a: [{ pool: 'b' }] }, false],
  ])('%s', (_, draft, table, has) => expect(hasContentFallback(callTo('a', draft), settings(table))).toBe(has))

  it('of the pool first asked for is not that of the pool that stands in for it', () => {
    const call = callTo('a')
    call.record.fallbacks = 1
    expect(hasContentFallback({ ...call, pool: 'b' }, settings({ a: [{ pool: 'c' }] }))).toBe(false)
  })
})
