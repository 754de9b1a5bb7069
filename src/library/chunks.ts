import type { Answer, End } from '../core/answer.ts'
import type { Cancellation } from '../core/cancellation.ts'
import { Failure } from '../core/failure.ts'
import type { Frame } from '../core/frame.ts'
import type { JsonObject } from '../core/json.ts'

/** Frames that wait for a slow reader before the upstream is asked to pause. */
const HIGH_WATER = 16

/** An answer's frames as an async iterable. Leaving the loop stops the upstream. */
export function framesOf(answer: Answer, cancellation: Cancellation): AsyncIterableIterator<Frame> {
  return new FrameIterator(answer, cancellation)
}

/** The chunks of a stream, or the one body of a whole answer. Leaving the loop stops the upstream. */
export function objectsOf(frames: AsyncIterableIterator<Frame>): AsyncIterableIterator<JsonObject> {
  const objects = eachOf(frames)
  const iterator: AsyncIterableIterator<JsonObject> = {
    [Symbol.asyncIterator]: () => iterator,
    next: () => objects.next(),
    // A generator that was never started would not run its end, and one that waits would be returned too late.
    async return() {
      await frames.return?.()
      return objects.return()
    },
  }
  return iterator
}

async function* eachOf(frames: AsyncIterable<Frame>): AsyncGenerator<JsonObject, void> {
  for await (const frame of frames) yield* frame.objects
}

class FrameIterator implements AsyncIterableIterator<Frame> {
  readonly #answer: Answer
  readonly #cancellation: Cancellation
  readonly #queue: Frame[] = []
  #end: End | undefined
  #left = false
  #wake: (() => void) | undefined

  constructor(answer: Answer, cancellation: Cancellation) {
    this.#answer = answer
    this.#cancellation = cancellation
    answer.read({
      frame: frame => {
        this.#queue.push(frame)
        this.#wake?.()
        return this.#queue.length < HIGH_WATER
      },
      end: end => {
        this.#end = end
        this.#wake?.()
      },
    })
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Frame> {
    return this
  }

  async next(): Promise<IteratorResult<Frame>> {
    for (;;) {
      const frame = this.#queue.shift()
      if (this.#queue.length === 0) this.#answer.resume()
      if (frame) return { done: false, value: frame }
      if (this.#end?.failure && !this.#left) throw this.#end.failure
      if (this.#end || this.#left) return { done: true, value: undefined }
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  async return(): Promise<IteratorResult<Frame>> {
    this.#left = true
    this.#queue.length = 0
    this.#cancellation.cancel(new Failure('cancelled', 'the reader left'))
    this.#wake?.()
    return { done: true, value: undefined }
  }
}
