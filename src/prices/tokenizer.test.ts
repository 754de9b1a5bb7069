import fc from 'fast-check'
import { countTokens as naive } from 'gpt-tokenizer/encoding/o200k_base'
import { describe, expect, it } from 'vitest'
import { countTokens, MAX_COUNTED_CHARACTERS } from './tokenizer.ts'

const plain = (text: string) => naive(text, { disallowedSpecial: new Set<string>() })
const PROSE = "The gateway doesn't dial before the hold is placed: 1,024 tokens, 3.5 µs, «größer» 東京 👩‍🚀.\n\n"

describe('countTokens', () => {
  it('equals the library on small texts', async () => {
    const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 500 }), fc.string({ maxLength: 500 }), fc.lorem())
    await fc.assert(
      fc.asyncProperty(text, async value => {
        expect(await countTokens(value)).toBe(plain(value))
      }),
    )
  })

  it.each([
    ['prose', PROSE.repeat(1000)],
    ['code', 'const  x = [1, 2, 3]; // ok\n\tif (x) { y += "z" }\n'.repeat(2000)],
    ['numbers', '3.14159 2.71828 '.repeat(5000)],
  ])('equals the library on long %s, which it counts in pieces', async (_name, text) => {
    expect(await countTokens(text)).toBe(plain(text))
  })

  it.each([
    ['letters', 'a'],
    ['spaces', ' '],
    ['signs', '='],
    ['digits', '7'],
    ['characters of two units', '𝒳'],
  ])('finishes on an unbroken run of 100,000 %s', async (_name, letter) => {
    const count = await countTokens(letter.repeat(100_000))
    expect(count).toBeGreaterThan(500)
    expect(count).toBeLessThanOrEqual(400_000)
  })

  it('cuts a run without changing its count where the pieces are whole tokens', async () => {
    expect(await countTokens('a'.repeat(5_120))).toBe(plain('a'.repeat(5_120)))
  })

  it('does not cut a character of two units in half', async () => {
    const text = `a${'𝒳'.repeat(600)}`
    expect(await countTokens(text)).toBe(plain(text))
  })

  it('takes the names of special tokens for text', async () => {
    expect(await countTokens('<|endoftext|>')).toBeGreaterThan(1)
  })

  it('estimates what is beyond the cap', async () => {
    const within = 'word '.repeat(MAX_COUNTED_CHARACTERS / 5)
    expect(await countTokens(`${within}${'x'.repeat(4_000_000)}`)).toBe((await countTokens(within)) + 1_000_000)
  })

  it('lets others run meanwhile', async () => {
    let turns = 0
    const ticking = setInterval(() => turns++, 0)
    await countTokens(PROSE.repeat(3000))
    clearInterval(ticking)
    expect(turns).toBeGreaterThan(1)
  })

  it('counts nothing as nothing', async () => {
    expect(await countTokens('')).toBe(0)
  })
})
