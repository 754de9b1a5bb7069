import { type Clock, type Ms, systemClock, type Timer } from '../core/clock.ts'
import { type Batch, LineBuffer } from './line-buffer.ts'
import { type LineFile, openLineFile } from './line-file.ts'
import { type JsonLinesProblem, LineTrouble } from './line-trouble.ts'

export interface JsonLinesOptions {
  /** Its directory is made when there is none. */
  readonly path: string
  /** A file that would grow beyond this many bytes is rotated first: `path` becomes `path.1`. Default: never. */
  readonly maxBytes?: number
  /** Files kept, the current one included. Default 10. */
  readonly maxFiles?: number
  /** Lines wait at most this long, in milliseconds, unless the disk is slow. Default 50. */
  readonly flushMs?: Ms
  /** So many bytes do not wait for the timer. Default 262,144. */
  readonly flushBytes?: number
  /**
   * So many bytes may wait for a disk that is slow or full; further lines are dropped and counted, the waiting ones
   * are kept and retried every second. Default 16 MiB.
   */
  readonly maxBufferBytes?: number
  /** Told when writing begins to fail, when lines begin to be dropped, when it works again, of what is not JSON, and of what is lost. */
  readonly onProblem?: (problem: JsonLinesProblem) => void
  /** Default: the file at `path`. */
  readonly file?: LineFile
  readonly clock?: Clock
  /** Where the last resort hangs. Default: `process`. */
  readonly exit?: ExitHook
}

/** The part of `process` that tells of its end. */
export interface ExitHook {
  on(event: 'exit', listener: () => void): unknown
  off(event: 'exit', listener: () => void): unknown
}

export interface JsonLinesStats {
  /** Lines that the operating system has. */
  readonly written: number
  /** Lines that wait. */
  readonly waiting: number
  /** Lines that were lost because the buffer was full, or because they came after `close()`. */
  readonly dropped: number
}

/** Appends lines of JSON to a file, in batches and off the path. */
export interface JsonLines {
  /** Never throws and never waits. `textOf` writes the value as JSON on one line. Default: `JSON.stringify`. */
  write<Value extends object>(value: Value, textOf?: (value: Value) => string): void
  /** Settles when every line so far is with the operating system, or as soon as the disk refuses them. */
  flush(): Promise<void>
  /** The same, at once and blocking: the last resort at the end of a process. Done on `exit` by itself. */
  flushSync(): void
  /** Flushes, and lets go of the file. Lines that come later are dropped and counted. */
  close(): Promise<void>
  readonly stats: JsonLinesStats
}

/**
 * Opens `path` for appending. Several processes may append to one file: each write is one call with whole lines, in append
 * mode. A signal that nobody handles ends a process without its `exit` event, so up to `flushMs` of lines are lost then;
 * whoever handles signals calls `close()`.
 * @throws Failure when the file cannot be opened.
 */
export function openJsonLines(options: JsonLinesOptions): JsonLines {
  return new LineWriter(options)
}

const RETRY_MS: Ms = 1000

/** A write takes what has gathered, up to so many bytes: of a backlog larger ones are cheaper, to a point. */
const WRITE_SIZE = 524_288

class LineWriter implements JsonLines {
  readonly #maxBytes: number
  readonly #flushMs: Ms
  readonly #flushBytes: number
  readonly #trouble: LineTrouble
  readonly #file: LineFile
  readonly #clock: Clock
  readonly #exit: ExitHook
  readonly #onExit = () => this.flushSync()
  readonly #buffer: LineBuffer
  /** Lines that are with `append` now. */
  #underWay = 0
  #written = 0
  #dropped = 0
  #draining: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #timer: Timer | undefined
  #closed = false

  constructor(options: JsonLinesOptions) {
    this.#maxBytes = options.maxBytes ?? Number.POSITIVE_INFINITY
    this.#flushMs = options.flushMs ?? 50
    this.#flushBytes = options.flushBytes ?? 262_144
    this.#buffer = new LineBuffer(options.maxBufferBytes ?? 16 * 1024 * 1024)
    this.#trouble = new LineTrouble(options.path, options.onProblem ?? (() => {}))
    this.#file = options.file ?? openLineFile(options.path, options.maxFiles ?? 10)
    this.#clock = options.clock ?? systemClock
    this.#exit = options.exit ?? process
    this.#exit.on('exit', this.#onExit)
  }

  get stats(): JsonLinesStats {
    return { written: this.#written, waiting: this.#buffer.count + this.#underWay, dropped: this.#dropped }
  }

  write<Value extends object>(value: Value, textOf: (value: Value) => string = JSON.stringify): void {
    const line = this.#closed ? undefined : this.#lineOf(value, textOf)
    if (line === undefined) {
      this.#dropped++
      return
    }
    if (!this.#buffer.add(line)) {
      this.#dropped++
      this.#trouble.dropping()
      return
    }
    this.#timer ??= this.#clock.after(this.#flushMs, () => this.#onTimer())
    if (this.#buffer.size >= this.#flushBytes && !this.#trouble.isThere) void this.#drain()
  }

  async flush(): Promise<void> {
    // A drain that is under way may have taken its last lines already.
    await this.#draining
    await this.#drain()
  }

  flushSync(): void {
    if (this.#closed) return
    try {
      while (!this.#buffer.isEmpty) {
        const batch = this.#buffer.take(WRITE_SIZE)
        if (!this.#appendSync(batch)) return
      }
    } catch (error) {
      this.#trouble.failing(error)
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.flush()
    // What came during the flush, unless the disk refuses it.
    this.flushSync()
    this.#closed = true
    this.#timer?.cancel()
    this.#exit.off('exit', this.#onExit)
    this.#trouble.lost(this.#buffer.count)
    this.#dropped += this.#buffer.count
    this.#buffer.clear()
    this.#file.close()
  }

  #onTimer(): void {
    this.#timer = undefined
    void this.#drain()
  }

  /** There is one drain at a time, so lines keep their order. */
  #drain(): Promise<void> {
    this.#draining ??= this.#writeAll().finally(() => {
      this.#draining = undefined
    })
    return this.#draining
  }

  async #writeAll(): Promise<void> {
    try {
      while (!this.#buffer.isEmpty) await this.#writeOnce()
      this.#trouble.over(this.#dropped)
    } catch (error) {
      this.#trouble.failing(error)
      if (!this.#closed) this.#timer ??= this.#clock.after(RETRY_MS, () => this.#onTimer())
    }
  }

  async #writeOnce(): Promise<void> {
    let size = await this.#file.refresh()
    // A line that was begun is finished where it was begun.
    if (!this.#buffer.hasRest && size > 0 && size + this.#buffer.nextSize > this.#maxBytes) {
      this.#file.rotate()
      size = 0
    }
    // A last resort may have emptied it meanwhile.
    if (this.#buffer.isEmpty) return
    const batch = this.#buffer.take(Math.min(WRITE_SIZE, this.#maxBytes - size))
    this.#underWay = batch.lines
    let taken = 0
    try {
      taken = await this.#file.append(batch.bytes)
    } finally {
      this.#underWay = 0
      this.#account(batch, taken)
    }
  }

  /** False when the disk took less than all. */
  #appendSync(batch: Batch): boolean {
    let taken = 0
    try {
      taken = this.#file.appendSync(batch.bytes)
    } finally {
      this.#account(batch, taken)
    }
    return taken === batch.bytes.length
  }

  #account({ bytes, lines }: Batch, taken: number): void {
    if (taken < bytes.length) this.#buffer.putBack({ bytes: bytes.subarray(taken), lines })
    else this.#written += lines
  }

  /** Undefined for what JSON cannot hold. */
  #lineOf<Value extends object>(value: Value, textOf: (value: Value) => string): string | undefined {
    try {
      return textOf(value)
    } catch (error) {
      this.#trouble.unwritable(error)
      return undefined
    }
  }
}
