import { randomFillSync } from 'node:crypto'
import type { Ms } from './clock.ts'

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const TIME_LENGTH = 10
const RANDOM_PAIRS = 8

/** Every two characters: half as many draws and joins as character by character. */
const PAIRS: readonly string[] = Array.from(
  { length: 1024 },
  (_, index) => ALPHABET.charAt(index >> 5) + ALPHABET.charAt(index & 31),
)

/** Random bytes are drawn 4,096 at a time: one draw per id costs ten times as much. */
class Entropy {
  readonly #pool = new Uint16Array(2048)
  #at = this.#pool.length

  next(): number {
    if (this.#at === this.#pool.length) {
      randomFillSync(this.#pool)
      this.#at = 0
    }
    return this.#pool[this.#at++] ?? 0
  }
}

/** A maker of ULIDs (https://github.com/ulid/spec): 26 characters that sort by the millisecond in which they were made. */
export function ulids(now: () => Ms): () => string {
  const entropy = new Entropy()
  let time = Number.NaN
  let prefix = ''
  return () => {
    const at = now()
    if (at !== time) {
      time = at
      prefix = timeText(at)
    }
    let id = prefix
    for (let count = 0; count < RANDOM_PAIRS; count++) id += PAIRS[entropy.next() & 1023]
    return id
  }
}

function timeText(time: Ms): string {
  let text = ''
  let rest = time
  for (let count = 0; count < TIME_LENGTH; count++) {
    text = ALPHABET.charAt(rest % 32) + text
    rest = Math.floor(rest / 32)
  }
  return text
}
