import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringEnd } from './string-end.ts'

/** Byte by byte, from the quote at `start`. */
function walked(json: Uint8Array, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    if (json[at] === 0x5c) at++
    else if (json[at] === 0x22) return at
  }
  return json.length
}

const expectAlike = (json: Uint8Array, start = 0) => expect(stringEnd(json, start)).toBe(walked(json, start))

/** More than what the search takes at once, so that everything falls on its edges. */
const PIECE = 32_768

describe('the end of a string', () => {
  it('is where a walk finds it, among quotes and backslashes however they lie', () => {
    const parts = fc.constantFrom('"', '\\', '\\\\', '\\"', 'a', 'a longer word without any ', 'é', '\\u0022')
    const texts = fc.array(parts, { maxLength: 200 }).map(all => Buffer.from(`"${all.join('')}`))
    fc.assert(
      fc.property(texts, json => {
        expectAlike(json)
      }),
      { numRuns: 1_000 },
    )
  })

  it('is found in JSON that was written into JSON, again and again', () => {
    let json = 'Say "hello" to the quick brown fox,\nthen to the \\lazy\\ dog. '.repeat(20)
    for (let times = 0; times < 6; times++) {
      json = JSON.stringify(json)
      const bytes = Buffer.from(`${json}, "next": "text"`)
      expect(stringEnd(bytes, 0)).toBe(json.length - 1)
    }
  })

  it.each([-3, -2, -1, 0, 1, 2, 3])('is found at the edge of what is searched at once, %i bytes from it', offset => {
    // The first quote is escaped, so that the search begins behind it.
    const begin = `"${'a'.repeat(40)}\\"`
    for (const ending of ['"', '\\"', '\\\\"', '\\\\\\"', '\\\\\\\\"']) {
      for (const pieces of [1, 2]) {
        const filled = 'b'.repeat(pieces * PIECE + offset)
        expectAlike(Buffer.from(`${begin}${filled}${ending}, "c": "d"`))
        expectAlike(Buffer.from(`${begin}${filled}${ending}`))
      }
    }
  })

  it("is the text's end when it never ends, whatever was searched before", () => {
    const before = Buffer.from(`"${'\\"'.repeat(3_000)}"`)
    const endless = Buffer.from(`"${'a'.repeat(50)}\\"${'b'.repeat(100)}\\`)
    expect(stringEnd(before, 0)).toBe(before.length - 1)
    for (let length = 1; length <= endless.length; length++) {
      const cut = endless.subarray(0, length)
      expect(stringEnd(cut, 0)).toBe(length)
    }
  })

  it('is found in a view of a larger buffer, whose next byte is a quote', () => {
    const large = Buffer.from(`xxx"${'a'.repeat(50)}\\"${'b'.repeat(20)}"""`)
    const view = new Uint8Array(large.buffer, large.byteOffset + 3, large.length - 3 - 3)
    expect(stringEnd(view, 0)).toBe(view.length)
  })

  it('is found behind backslashes that fill whole searches', () => {
    for (const backslashes of [PIECE - 1, PIECE, 3 * PIECE, 3 * PIECE + 1])
      expectAlike(Buffer.from(`"${'a'.repeat(40)}\\"${'\\'.repeat(backslashes)}", "c": "d"`))
  })
})
