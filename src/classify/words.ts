/**
 * Splits a text into lower-case words, in one pass and without regular expressions. A run of letters, digits and `_` is
 * one word; each Chinese, Japanese or Korean character is one, as those scripts do not part their words; `%` is one,
 * and so is each character of `symbols`. `c++`, `c#` and `f#` stay whole. Everything else parts words.
 */
export function wordsOf(text: string, symbols: ReadonlySet<number> = PERCENT): string[] {
  const lower = text.toLowerCase()
  const words: string[] = []
  let start = -1
  for (let at = 0; at < lower.length; at++) {
    const code = lower.charCodeAt(at)
    if (isWordCharacter(code)) {
      if (start < 0) start = at
      continue
    }
    if (start >= 0) {
      const end = at - start === 1 ? endOfLanguage(lower, at) : at
      words.push(lower.slice(start, end))
      start = -1
      if (end > at) {
        at = end - 1
        continue
      }
    }
    if (isIdeograph(code) || symbols.has(code)) words.push(lower.charAt(at))
  }
  if (start >= 0) words.push(lower.slice(start))
  return words
}

/** The character codes of symbols that count as words although they are neither letters nor digits. */
export const PERCENT: ReadonlySet<number> = new Set([0x25])

/** Where the name of a language ends whose letter stands before `at`: `c#`, `c++`. */
function endOfLanguage(text: string, at: number): number {
  const code = text.charCodeAt(at)
  if (code === 0x23) return at + 1
  return code === 0x2b && text.charCodeAt(at + 1) === 0x2b ? at + 2 : at
}

function isWordCharacter(code: number): boolean {
  if (code < 0x80) return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x5f
  if (code < 0xc0 || code === 0xd7 || code === 0xf7) return false
  return !isPunctuation(code) && !isIdeograph(code)
}

/** General punctuation, arrows, mathematical signs, CJK punctuation and full-width signs. */
function isPunctuation(code: number): boolean {
  return (code >= 0x2000 && code <= 0x2bff) || (code >= 0x3000 && code <= 0x303f) || (code >= 0xfe10 && code <= 0xff20)
}

/** Kana, ideographs and Hangul: characters that are not parted by spaces, or not reliably. */
function isIdeograph(code: number): boolean {
  return (code >= 0x3040 && code <= 0x9fff) || (code >= 0xac00 && code <= 0xd7a3)
}
