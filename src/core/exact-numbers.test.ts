import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseExact, writeExact } from './exact-numbers.ts'

const again = (json: string) => writeExact(parseExact(json))

describe('numbers beyond the precision of JavaScript', () => {
  it.each([
    '{"id":1234567890123456789,"more":[-9223372036854775808,0.12345678901234567890]}',
    '[1e400,-1E-400,1.5e+999]',
    '12345678901234567890',
    '{"text":"id 1234567890123456789 \\"1e400\\" \\\\","12345678901234567890":{"a":12345678901234567890}}',
  ])('are written digit by digit: %s', json => {
    expect(again(json)).toBe(json)
  })

  it('leave others as they are', () => {
    expect(parseExact('{"a":1,"b":[1.5,-2e3],"c":"1234567890123456789"}')).toEqual({
      a: 1,
      b: [1.5, -2000],
      c: '1234567890123456789',
    })
  })

  it.each(['{"a":01234567890123456789}', '{"a":1234567890123456789.}', '[1234567890123456789', '1234567890123456-7'])(
    'are not made of what is none: %s',
    json => {
      expect(() => parseExact(json)).toThrow(SyntaxError)
    },
  )

  it('are all that is different from other JSON', () => {
    fc.assert(
      fc.property(fc.json(), json => {
        expect(JSON.parse(again(json))).toEqual(JSON.parse(json))
      }),
    )
  })
})
