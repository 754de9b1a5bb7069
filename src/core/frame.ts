import type { JsonObject } from './json.ts'

/**
 * A piece of an answer: one or more whole server-sent events of a stream, or the one JSON body of a whole answer.
 * Bytes and objects are two faces of it; the one that it did not come with is made when first asked for.
 */
export interface Frame {
  /** As it goes out to a client of OpenAI's dialect. The upstream's own bytes wherever nothing had to change. */
  readonly bytes: Uint8Array
  /** The JSON inside, without `[DONE]`: the chunks of a stream in order, or the body. */
  readonly objects: readonly JsonObject[]
}

/** A frame that came as bytes. `parse` is called at most once. */
export class BytesFrame implements Frame {
  readonly bytes: Uint8Array
  readonly #parse: (bytes: Uint8Array) => readonly JsonObject[]
  #objects: readonly JsonObject[] | undefined

  constructor(bytes: Uint8Array, parse: (bytes: Uint8Array) => readonly JsonObject[]) {
    this.bytes = bytes
    this.#parse = parse
  }

  get objects(): readonly JsonObject[] {
    this.#objects ??= this.#parse(this.bytes)
    return this.#objects
  }
}

/** A frame that was made from objects, as translating providers do; with its text, where its maker has written that. */
export class ObjectFrame implements Frame {
  readonly objects: readonly JsonObject[]
  readonly #streamed: boolean
  readonly #text: string | undefined
  #bytes: Uint8Array | undefined

  constructor(objects: readonly JsonObject[], streamed: boolean, text?: string) {
    this.objects = objects
    this.#streamed = streamed
    this.#text = text
  }

  get bytes(): Uint8Array {
    this.#bytes ??= Buffer.from(this.#text ?? this.#written())
    return this.#bytes
  }

  #written(): string {
    if (!this.#streamed) return JSON.stringify(this.objects[0])
    return this.objects.map(object => `data: ${JSON.stringify(object)}\n\n`).join('')
  }
}

/** The event that ends a stream in OpenAI's dialect. */
export const DONE: Uint8Array = Buffer.from('data: [DONE]\n\n')
