import { inspect } from 'node:util'

const MASK = '***'

/** A credential that no log, span, error or JSON can show by accident. Only `reveal()` gives it back. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The secret itself: called only where request headers are written and where keys are compared. */
  reveal(): string {
    return this.#value
  }

  /** The last four characters of a long secret, for people who must tell two keys apart. */
  hint(): string {
    return this.#value.length >= 16 ? `…${this.#value.slice(-4)}` : MASK
  }

  /** A text from outside, with the secret blotted out wherever it stands in it. */
  redact(text: string): string {
    return this.#value.length < 4 ? text : text.replaceAll(this.#value, MASK)
  }

  toString(): string {
    return MASK
  }

  toJSON(): string {
    return MASK
  }

  [inspect.custom](): string {
    return `Secret(${MASK})`
  }
}
