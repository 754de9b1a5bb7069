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
  return () => {
    let id = ''
    let time = now()
    for (let at = 0; at < TIME_LENGTH; at++) {
      id = ALPHABET.charAt(time % 32) + id
      time = Math.floor(time / 32)
    }
    for (let at = 0; at < RANDOM_LENGTH; at++) id += ALPHABET.charAt(entropy.next() & 31)
    return id
  }
}
