import { expect, it } from 'vitest'
import { callTo } from '../../test/support/calls.ts'
import { Failure } from '../core/failure.ts'
import { tiers } from './tiers.ts'

const stop = new Failure('internal', 'far enough')

it('turns a tiered pool into one of its two, with the other as a fallback behind those of the caller', async () => {
  const seen: unknown[] = []
  const layer = tiers({
    order: name => (name === 'smart' ? { first: 'mini', rest: ['large'], reason: 'it is cheap' } : undefined),
  })
  const walk = layer(call => {
    seen.push(call)
    return Promise.reject(stop)
  })
  const call = callTo('smart', { options: { fallbacks: [{ pool: 'mine' }], retries: 1 } })
  await expect(walk(call)).rejects.toBe(stop)
  expect(seen[0]).toMatchObject({
    pool: 'mini',
    tier: 'smart',
    because: 'it is cheap',
    options: { retries: 1, fallbacks: [{ pool: 'mine' }, { pool: 'large' }] },
  })
  expect(call).toMatchObject({ pool: 'smart', options: { fallbacks: [{ pool: 'mine' }] } })

  const other = callTo('other')
  await expect(walk(other)).rejects.toBe(stop)
  expect(seen[1]).toBe(other)
})
