/** Whole lines on their way to a file, or what a full disk left over of them. */
export interface Batch {
  readonly bytes: Uint8Array
  readonly lines: number
}

/** Lines that wait to be written; at most `maxCharacters` of them. */
export class LineBuffer {
  readonly #maxCharacters: number
  #lines: string[] = []
  #characters = 0
  /** Batches that were refused in whole or in part. They go first, so that a line that was begun is completed. */
  #rests: Batch[] = []

  constructor(maxCharacters: number) {
    this.#maxCharacters = maxCharacters
  }

  get characters(): number {
    return this.#characters
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0 && this.#rests.length === 0
  }

  /** True while the file may end in the middle of a line. */
  get hasRest(): boolean {
    return this.#rests.length > 0
  }

  /** How many lines wait. */
  get count(): number {
    return this.#rests.reduce((sum, rest) => sum + rest.lines, this.#lines.length)
  }

  /** Characters of the line that comes next; 0 when there is none. */
  get nextLength(): number {
    return this.#lines[0]?.length ?? 0
  }

  /** False when there is no room left for the line. */
  add(line: string): boolean {
    if (this.#characters + line.length > this.#maxCharacters) return false
    this.#lines.push(line)
    this.#characters += line.length
    return true
  }

  /** What comes next: as many whole lines as fit into `room` characters, but at least one. */
  take(room: number): Batch {
    const rest = this.#rests.shift()
    if (rest) return rest
    let count = 0
    let characters = 0
    for (const line of this.#lines) {
      if (count > 0 && characters + line.length > room) break
      count++
      characters += line.length
    }
    const batch = this.#takeLines(count)
    this.#characters -= characters
    return { bytes: Buffer.from(batch.join('')), lines: batch.length }
  }

  putBack(rest: Batch): void {
    this.#rests.push(rest)
  }

  clear(): void {
    this.#lines = []
    this.#rests = []
    this.#characters = 0
  }

  #takeLines(count: number): string[] {
    if (count < this.#lines.length) return this.#lines.splice(0, count)
    const all = this.#lines
    this.#lines = []
    return all
  }
}
