import type { Frame } from './frame.ts'

/** Bytes of an answer that are kept for records. */
const MAX_BYTES = 1 << 20

/** The frames of an answer, kept for those who are told of it: up to 1 MiB, and after that none of what follows. */
export class CollectedAnswer {
  readonly frames: Frame[] = []
  /** Something was left out. */
  truncated = false
  #bytes = 0

  add(frame: Frame): void {
    this.#bytes += frame.bytes.byteLength
    if (this.#bytes > MAX_BYTES) this.truncated = true
    else this.frames.push(frame)
  }
}
