import { describe, expect, it } from 'vitest'
import { Secret } from '../core/secret.ts'
import { openSealer, saltKeyOf } from './models-seal.ts'

const sealer = openSealer(new Secret('one salt'))

describe('sealed texts', () => {
  it('are opened with the same secret only, and only where they belong', () => {
    const sealed = sealer.seal('äpi_key', 'model a')
    expect(sealed).toMatch(/^v1\.[\w-]+$/)
    expect(openSealer(new Secret('one salt')).open(sealed, 'model a')).toBe('äpi_key')
    expect(() => openSealer(new Secret('another')).open(sealed, 'model a')).toThrow('TOLLGATE_SALT_KEY')
    expect(() => sealer.open(sealed, 'model b')).toThrow('cannot be opened')
    expect(sealer.seal('äpi_key', 'model a')).not.toBe(sealed)
  })

  it('are refused when a single character of them was changed, or is missing', () => {
    const sealed = sealer.seal('x'.repeat(32), 'model a')
    for (let at = 3; at < sealed.length - 1; at++) {
      const other = sealed[at] === 'A' ? 'B' : 'A'
      expect(() => sealer.open(sealed.slice(0, at) + other + sealed.slice(at + 1), 'model a')).toThrow()
      expect(() => sealer.open(sealed.slice(0, at), 'model a')).toThrow()
    }
  })
})

it('the secret is that of the environment before the master key, and never an empty one', () => {
  const master = new Secret('sk-master')
  expect(saltKeyOf({ TOLLGATE_SALT_KEY: 'a', LITELLM_SALT_KEY: 'b' }, master)?.reveal()).toBe('a')
  expect(saltKeyOf({ LITELLM_SALT_KEY: 'b' }, master)?.reveal()).toBe('b')
  expect(saltKeyOf({}, master)).toBe(master)
  expect(saltKeyOf({}, undefined)).toBeUndefined()
  expect(() => saltKeyOf({ LITELLM_SALT_KEY: '' }, master)).toThrow('LITELLM_SALT_KEY is empty')
})
