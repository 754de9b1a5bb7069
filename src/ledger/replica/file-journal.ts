import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../core/failure.ts'
import type { Replica } from '../authority.ts'
import type { Journal, JournalEntry } from './journals.ts'

/** A new file is begun after so many bytes. */
const SEGMENT_BYTES = 4 << 20

/** Lines that are shorter together are written from a buffer that is kept. */
const BUFFER_BYTES = 64 << 10

/** A file of the journal, and how many of its rows the store does not have yet. */
interface Segment {
  readonly path: string
  readonly fd: number
  bytes: number
  open: number
}

/** Where the lines of a row stand. */
class Lines implements JournalEntry {
  readonly begun: Segment
  ended: Segment | undefined

  constructor(begun: Segment) {
    this.begun = begun
  }
}

/**
 * What this process must not lose: a line for each attempt before it is dialled and one when it has ended, in files of its
 * own. Lines reach the operating system, not the disk: they survive the death of the process (SIGKILL), not that of the
 * machine. Files go when the store has all of their rows.
 */
export class FileJournal implements Journal {
  readonly folder: string
  readonly #replica: Replica
  #segment: Segment
  #number = 0
  #torn = false
  #closed = false
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)

  /** Makes the folder. @throws Failure when it cannot be written. */
  constructor(root: string, replica: Replica) {
    this.folder = join(root, replica.id)
    this.#replica = replica
    try {
      this.#segment = this.#makeFolder()
    } catch (error) {
      throw new Failure('internal', `the journal cannot be written in ${root} (tollgate_settings.budgets.journal)`, {
        cause: error,
      })
    }
  }

  /** Writes a line before anything is dialled. @throws Failure `unavailable` when the disk does not take it. */
  begin(line: string): JournalEntry {
    if (this.#segment.bytes > SEGMENT_BYTES) this.#toDisk(() => this.#rotate())
    const segment = this.#segment
    this.#toDisk(() => this.#append(line))
    segment.open++
    return new Lines(segment)
  }

  /**
   * Writes the final line at once: it is there before the client has the end of its answer, so that a process which is
   * killed in that turn does not leave a whole answer at its worst price. A disk that is full loses nothing but this copy.
   */
  end(entry: JournalEntry, line: string): void {
    if (!(entry instanceof Lines)) return
    const segment = this.#segment
    entry.ended = segment
    segment.open++
    try {
      this.#append(line)
    } catch {
      // The row is in memory, and on its way to the store.
    }
  }

  /** The store has the row. */
  posted(entry: JournalEntry): void {
    if (!(entry instanceof Lines)) return
    this.#settle(entry.begun)
    if (entry.ended) this.#settle(entry.ended)
  }

  renew(): void {
    if (existsSync(this.#segment.path)) return
    const taken = this.#segment
    this.#segment = this.#toDisk(() => this.#makeFolder())
    closeSync(taken.fd)
  }

  /** Closes the files. When the store has everything, the folder goes. */
  close(isEmpty: boolean): void {
    this.#closed = true
    closeSync(this.#segment.fd)
    if (isEmpty) rmSync(this.folder, { recursive: true, force: true })
  }

  /** @throws Failure when the disk does not take it. */
  #toDisk<Result>(work: () => Result): Result {
    try {
      return work()
    } catch (error) {
      throw new Failure('unavailable', 'the journal cannot be written, so that nothing is dialled: is the disk full?', {
        code: 'journal_not_writable',
        retryAfterMs: 1_000,
        cause: error,
      })
    }
  }

  /** One write: 2.0 µs for 1,200 bytes by a buffer that is kept, 2.8 by one of its own. After a torn line, that is ended first. */
  #append(text: string): void {
    // Its number may be another file's by now.
    if (this.#closed) throw new Error('the journal is closed')
    const lines = this.#torn ? `\n${text}` : text
    // A character has three bytes at most for each of its units in the string.
    const fits = lines.length * 3 <= this.#buffer.length
    const bytes = fits ? this.#buffer : Buffer.from(lines)
    const size = fits ? bytes.write(lines) : bytes.length
    this.#torn = true
    let at = 0
    while (at < size) at += writeSync(this.#segment.fd, bytes, at, size - at)
    this.#torn = false
    this.#segment.bytes += size
  }

  #rotate(): void {
    const full = this.#segment
    this.#segment = this.#open()
    closeSync(full.fd)
    if (full.open === 0) rmSync(full.path, { force: true })
  }

  #makeFolder(): Segment {
    mkdirSync(this.folder, { recursive: true })
    writeFileSync(join(this.folder, REPLICA_FILE), JSON.stringify(this.#replica))
    return this.#open()
  }

  #open(): Segment {
    const path = join(this.folder, `${String(++this.#number).padStart(8, '0')}.jsonl`)
    return { path, fd: openSync(path, 'a', 0o600), bytes: 0, open: 0 }
  }

  #settle(segment: Segment): void {
    segment.open--
    if (segment.open === 0 && segment !== this.#segment) rmSync(segment.path, { force: true })
  }
}

/** Says whose journal it is. */
export const REPLICA_FILE = 'replica.json'
