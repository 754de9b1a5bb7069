import { BYTES_PER_TOKEN } from './bounds.ts'

/**
 * Byte-pair encoding takes quadratic time on an unbroken run (100,000 times `a`: 3.4 s in gpt-tokenizer 4.0.0), so longer
 * runs are cut at this many characters. Text without such runs is counted exactly.
 */
const LONGEST_RUN = 512
/** Characters counted in one go before others get a turn: about 2 ms. */
const TURN = 16_384
/** Characters that are counted at all; the rest is estimated at four bytes a token. */
export const MAX_COUNTED_CHARACTERS = 1_000_000

/** Within these, o200k's own pattern may find no boundary. */
const RUN = /[\p{L}\p{M}]+|\p{N}+|\s+|[^\s\p{L}\p{M}\p{N}]+/gu

/** `<|endoftext|>` in a prompt is text like any other; by default the library throws on it. */
const PLAIN_TEXT = { disallowedSpecial: new Set<string>() }

/**
 * Counts the tokens of a text in OpenAI's o200k vocabulary (GPT-4o and later). Other makers' models count otherwise.
 * Loads the vocabulary when first called (about 150 ms and 20 MB), so ask only where bounds do not decide.
 */
export async function countTokens(text: string): Promise<number> {
  const o200k = await import('gpt-tokenizer/encoding/o200k_base')
  const counted = text.slice(0, MAX_COUNTED_CHARACTERS)
  let tokens = Math.ceil(Buffer.byteLength(text.slice(MAX_COUNTED_CHARACTERS)) / BYTES_PER_TOKEN)
  let sinceTurn = 0
  for (const piece of pieces(counted)) {
    tokens += o200k.countTokens(piece, PLAIN_TEXT)
    sinceTurn += piece.length
    if (sinceTurn >= TURN) {
      sinceTurn = 0
      await nextTurn()
    }
  }
  return tokens
}

/**
 * Cuts a text once a piece is long enough, where the count does not change: before a single space, which always begins a
 * new token. Where there is none for long, it cuts between two runs; and it cuts inside runs that are too long. There the
 * count may change by a token per cut.
 */
function* pieces(text: string): Generator<string> {
  let start = 0
  for (const match of text.matchAll(RUN)) {
    const [run] = match
    const end = match.index + run.length
    const waiting = match.index - start
    if (waiting >= 4 * TURN || (waiting >= TURN && run === ' ')) {
      yield text.slice(start, match.index)
      start = match.index
    }
    for (let cut = match.index + LONGEST_RUN; cut < end; cut += LONGEST_RUN) {
      const at = isLowSurrogate(text, cut) ? cut + 1 : cut
      yield text.slice(start, at)
      start = at
    }
  }
  if (start < text.length) yield text.slice(start)
}

/** Half of a character must not be parted from the other. */
function isLowSurrogate(text: string, index: number): boolean {
  const code = text.charCodeAt(index)
  return code >= 0xdc00 && code <= 0xdfff
}

function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
