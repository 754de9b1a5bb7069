import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../core/failure.ts'
import { makeFolder } from '../../core/make-folder.ts'
import type { Replica } from '../authority.ts'
import { FILE_BYTES, type JournalFile, JournalFiles } from './journal-file.ts'
import type { BegunRow, EndedRow, Journal, JournalEntry } from './journals.ts'

/** Where the lines of a row stand. */
class Lines implements JournalEntry {
  readonly id: string
  readonly begun: JournalFile
  ended: JournalFile | undefined

  constructor(id: string, begun: JournalFile) {
    this.id = id
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
  readonly #files = new JournalFiles()
  #file: JournalFile
  #number = 0
  #closed = false

  /** Makes the folder. @throws Failure when it cannot be written. */
  constructor(root: string, replica: Replica) {
    this.folder = join(root, replica.id)
    this.#replica = replica
    try {
      this.#file = this.#makeFolder()
    } catch (error) {
      throw new Failure('internal', `the journal cannot be written in ${root} (tollgate_settings.budgets.journal)`, {
        cause: error,
      })
    }
  }

  begin(row: BegunRow): JournalEntry {
    if (this.#closed) throw notWritable(new Error('the journal is closed'))
    try {
      if (this.#file.size > FILE_BYTES) this.#rotate()
      this.#file.begin(row)
    } catch (error) {
      throw notWritable(error)
    }
    this.#file.open++
    return new Lines(row.id, this.#file)
  }

  /**
   * Writes the final line at once: it is there before the client has the end of its answer, so that a process which is
   * killed in that turn does not leave a whole answer at its worst price. A disk that is full loses nothing but this copy:
   * the row is in memory, and on its way to the store.
   */
  end(entry: JournalEntry, row: EndedRow): void {
    // The number of a file that is closed may be another's by now.
    if (!(entry instanceof Lines) || this.#closed) return
    try {
      this.#file.end(entry.id, row)
    } catch {
      return
    }
    entry.ended = this.#file
    this.#file.open++
  }

  posted(entry: JournalEntry): void {
    if (!(entry instanceof Lines)) return
    this.#settle(entry.begun)
    if (entry.ended) this.#settle(entry.ended)
  }

  renew(): void {
    if (existsSync(this.#file.path)) return
    const taken = this.#file
    try {
      this.#file = this.#makeFolder()
    } catch (error) {
      throw notWritable(error)
    }
    taken.close()
  }

  close(isEmpty: boolean): void {
    this.#closed = true
    this.#file.close()
    this.#files.close()
    if (isEmpty) rmSync(this.folder, { recursive: true, force: true })
  }

  /** The folder is made again where somebody has put it aside, thinking this replica dead. */
  #rotate(): void {
    const full = this.#file
    this.#file = this.#makeFolder()
    full.close()
    if (full.open === 0) full.remove()
  }

  #makeFolder(): JournalFile {
    makeFolder(this.folder)
    writeFileSync(join(this.folder, REPLICA_FILE), JSON.stringify({ format: JOURNAL_FORMAT, ...this.#replica }))
    return this.#open()
  }

  #open(): JournalFile {
    const name = `${String(++this.#number).padStart(8, '0')}.jsonl`
    return this.#files.open(join(this.folder, name))
  }

  #settle(file: JournalFile): void {
    file.open--
    if (file.open === 0 && file !== this.#file) file.remove()
  }
}

function notWritable(cause: unknown): Failure {
  return new Failure('unavailable', 'the journal cannot be written, so that nothing is dialled: is the disk full?', {
    code: 'journal_not_writable',
    retryAfterMs: 1_000,
    cause,
  })
}

/** How lines are written. Whoever reads another format leaves the journal to who knows it: to be raised with every change. */
export const JOURNAL_FORMAT = 1
/** Says whose journal it is, and in which format. */
export const REPLICA_FILE = 'replica.json'
