import { closeSync, openSync, rmSync, writeSync, writevSync } from 'node:fs'
import { dirname } from 'node:path'
import { LineWriter } from './journal-line.ts'
import type { BegunRow, EndedRow } from './journals.ts'
import { MappedRegion } from './mapped-region.ts'

/** So much of a file is reserved when it is made. */
export const FILE_BYTES = 1 << 20
const ZEROS = Buffer.alloc(64 << 10)
const RESERVE = Array.from({ length: FILE_BYTES / ZEROS.length }, () => ZEROS)

/** Writes lines into files, one file at a time. */
export class JournalFiles {
  #region: MappedRegion | undefined

  /** @throws when the disk does not take it. */
  open(path: string): JournalFile {
    const fd = openSync(path, 'w+', 0o600)
    try {
      // A disk that is full says so here, and not when lines are written over what is there.
      if (writevSync(fd, RESERVE, 0) < FILE_BYTES) throw new Error('the file could not be made as long as it may get')
    } catch (error) {
      closeSync(fd)
      rmSync(path, { force: true })
      throw error
    }
    return new JournalFile({ path, fd, mapped: this.#mapped(fd, path) })
  }

  close(): void {
    this.#region?.close()
    this.#region = undefined
  }

  /** The one before it is not written any more. */
  #mapped(fd: number, path: string): Buffer | undefined {
    if (!this.#region) this.#region = MappedRegion.of(fd, FILE_BYTES, dirname(path))
    else if (!this.#region.show(fd)) this.#region = undefined
    return this.#region?.bytes
  }
}

interface FileParts {
  readonly path: string
  readonly fd: number
  /** Its first bytes, where they are mapped. */
  readonly mapped: Buffer | undefined
}

/** A file of a journal. Whoever has written into it counts its rows that the store does not have yet (`open`). */
export class JournalFile {
  open = 0
  readonly #parts: FileParts
  #writer = new LineWriter()
  #size = 0

  constructor(parts: FileParts) {
    this.#parts = parts
  }

  get path(): string {
    return this.#parts.path
  }

  /** Bytes of its lines. */
  get size(): number {
    return this.#size
  }

  /** @throws when the disk does not take it: then nothing is appended. */
  begin(row: BegunRow): void {
    this.#append(this.#writer.begin(row))
  }

  /** The same. */
  end(id: string, row: EndedRow): void {
    this.#append(this.#writer.end(id, row))
  }

  close(): void {
    closeSync(this.#parts.fd)
  }

  /** A file that stays is posted once more after a restart, which changes nothing. */
  remove(): void {
    try {
      rmSync(this.path, { force: true })
    } catch {
      // It goes with its folder.
    }
  }

  /** A line that was written in part is overwritten by the next one; what is left of it then is no JSON. */
  #append(text: string): void {
    const { fd, mapped } = this.#parts
    // A character has three bytes at most for each of its units in the string.
    if (mapped && this.#size + text.length * 3 <= mapped.length) {
      this.#size += mapped.write(text, this.#size)
      return
    }
    this.#write(fd, Buffer.from(text))
  }

  #write(fd: number, bytes: Buffer): void {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, this.#size + at)
    } catch (error) {
      // What it has given names to may not be there.
      this.#writer = new LineWriter()
      throw error
    }
    this.#size += bytes.length
  }
}
