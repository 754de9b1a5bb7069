import { randomFillSync } from 'node:crypto'
import type { Ms } from './clock.ts'

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const TIME_LENGTH = 10
const RANDOM_LENGTH = 16

/** Random bytes are drawn 4,096 at a time: one draw per id costs ten times as much. */
class Entropy {
  readonly #pool = new Uint8Array(4096)
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
    for (let count = 0; count < RANDOM_LENGTH; count++) id += ALPHABET.charAt(entropy.next() & 31)
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
