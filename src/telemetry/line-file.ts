import { randomUUID } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  write,
  writeSync,
} from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Failure } from '../core/failure.ts'
import { makeFolder } from '../core/make-folder.ts'

/** What the writer of lines asks of a file. Every method but `append` is short; `append` must not block. */
export interface LineFile {
  /** Appends, and tells how many bytes were taken: fewer when the disk is full. */
  append(bytes: Uint8Array): Promise<number>
  /** The same at once: for the end of a process. */
  appendSync(bytes: Uint8Array): number
  /** Bytes in the file now, those of other processes included. Opens it anew when its path leads elsewhere by now. */
  refresh(): Promise<number>
  /** Moves the file to `path.1`, the one there to `path.2`, ... and begins a new one. */
  rotate(): void
  close(): void
}

/** A lock older than this was left behind by a process that died. */
const STALE_LOCK_MS = 10_000

/** Opens `path` to append to, and makes its directory when there is none. */
export function openLineFile(path: string, maxFiles: number): LineFile {
  const absolute = resolve(path)
  try {
    makeFolder(dirname(absolute))
    return new DiskLineFile(absolute, maxFiles)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Failure('internal', `cannot append to ${absolute}: ${reason}; choose a path that can be written`, {
      cause: error,
    })
  }
}

class DiskLineFile implements LineFile {
  readonly #path: string
  readonly #maxFiles: number
  #descriptor: number
  #inode: number

  constructor(path: string, maxFiles: number) {
    this.#path = path
    this.#maxFiles = maxFiles
    this.#descriptor = openToAppend(path)
    endTornLine(this.#descriptor)
    this.#inode = fstatSync(this.#descriptor).ino
  }

  append(bytes: Uint8Array): Promise<number> {
    return new Promise((done, fail) => {
      write(this.#descriptor, bytes, (error, written) => (error ? fail(error) : done(written)))
    })
  }

  appendSync(bytes: Uint8Array): number {
    return writeSync(this.#descriptor, bytes)
  }

  /** Another process, or logrotate, may have moved the file away. */
  async refresh(): Promise<number> {
    const found = await stat(this.#path).catch(() => undefined)
    if (found?.ino === this.#inode) return found.size
    this.#reopen()
    return fstatSync(this.#descriptor).size
  }

  rotate(): void {
    const lock = `${this.#path}.lock`
    // While another process rotates, this one keeps appending: lines are never held up by a rotation.
    if (!take(lock)) return
    try {
      if (inodeOf(this.#path) === this.#inode) shift(this.#path, this.#maxFiles)
      this.#reopen()
    } finally {
      rmSync(lock, { force: true })
    }
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #reopen(): void {
    const descriptor = openToAppend(this.#path)
    closeSync(this.#descriptor)
    this.#descriptor = descriptor
    this.#inode = fstatSync(descriptor).ino
  }
}

/** Only the owner and the group may read: lines name users, tags and costs. */
const MODE = 0o640

function openToAppend(path: string): number {
  return openSync(path, constants.O_APPEND | constants.O_CREAT | constants.O_RDWR, MODE)
}

/** Long enough for a write that is under way to have grown the file. */
const SETTLE_MS = 10

/**
 * A process that died within a write left half a line; without this the next line would be glued to it. A large write of a
 * living process also shows half a line for a moment, but then the file grows.
 */
function endTornLine(descriptor: number): void {
  const size = tornSize(descriptor)
  if (size === undefined) return
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SETTLE_MS)
  if (tornSize(descriptor) === size) writeSync(descriptor, '\n')
}

/** The size of the file if it does not end with the end of a line. */
function tornSize(descriptor: number): number | undefined {
  const { size } = fstatSync(descriptor)
  if (size === 0) return undefined
  const last = Buffer.alloc(1)
  readSync(descriptor, last, 0, 1, size - 1)
  return last[0] === 0x0a ? undefined : size
}

/** Makes room for a new file: the others move up as far as the first gap, or over the oldest. With one file it is dropped. */
function shift(path: string, maxFiles: number): void {
  if (maxFiles <= 1) {
    rmSync(path, { force: true })
    return
  }
  let free = 1
  while (free < maxFiles - 1 && inodeOf(`${path}.${free}`) !== undefined) free++
  for (let number = free; number > 1; number--) renameSync(`${path}.${number - 1}`, `${path}.${number}`)
  renameSync(path, `${path}.1`)
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino
}

function take(lock: string): boolean {
  try {
    closeSync(openSync(lock, 'wx'))
    return true
  } catch {
    breakStale(lock)
    return false
  }
}

/** Renamed before it is removed, so that of two processes only one breaks it, and none breaks a fresh one for long. */
function breakStale(lock: string): void {
  const found = statSync(lock, { throwIfNoEntry: false })
  if (!found || Date.now() - found.mtimeMs < STALE_LOCK_MS) return
  const aside = `${lock}.${randomUUID()}`
  try {
    renameSync(lock, aside)
    rmSync(aside, { force: true })
  } catch {
    // Another process was quicker.
  }
}
