import { describe, expect, it } from 'vitest'
import { readRange } from './address-range.ts'

describe('an address range', () => {
  it.each([
    ['10.1.2.3', { address: '10.1.2.3', family: 'ipv4', prefix: 32 }],
    [' 10.0.0.0/8 ', { address: '10.0.0.0', family: 'ipv4', prefix: 8 }],
    ['0.0.0.0/0', { address: '0.0.0.0', family: 'ipv4', prefix: 0 }],
    ['::1', { address: '::1', family: 'ipv6', prefix: 128 }],
    ['2001:db8::/32', { address: '2001:db8::', family: 'ipv6', prefix: 32 }],
    ['::ffff:10.1.2.3', { address: '10.1.2.3', family: 'ipv4', prefix: 32 }],
  ])('%s', (text, range) => {
    expect(readRange(text)).toEqual(range)
  })

  it.each([
    '',
    'localhost',
    '10.1.2',
    '10.1.2.3/33',
    '10.1.2.3/',
    '10.1.2.3/8/8',
    '10.1.2.3/-1',
    '::/129',
    '::ffff:10.1.2.3/104',
    '10.*',
  ])('%j is none', text => {
    expect(readRange(text)).toBeUndefined()
  })
})
