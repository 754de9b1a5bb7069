import { readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { ulids } from '../../core/id.ts'
import { isObject, type JsonObject } from '../../core/json.ts'
import type { Replica } from '../authority.ts'
import { FileJournal, JOURNAL_FORMAT, REPLICA_FILE } from './file-journal.ts'
import type { Journal, Journals, TakenJournal } from './journals.ts'
import { readLines } from './read-journal.ts'

/** Stands in the name of a folder that was put aside: `REPLICA~NUMBER`. */
const ASIDE = '~'

/** Journals in a folder: one folder for each replica, and those of it that were put aside. */
export class FileJournals implements Journals {
  readonly #root: string
  readonly #nextId = ulids(Date.now)

  constructor(root: string) {
    this.#root = root
  }

  open(replica: Replica): Journal {
    return new FileJournal(this.#root, replica)
  }

  ids(): readonly string[] {
    return [...new Set(this.#folders().map(replicaOf))]
  }

  ownerOf(id: string): 'gone' | 'running' | 'unknown' {
    const folder = this.#folders().find(name => replicaOf(name) === id) ?? id
    const { host, pid } = readReplica(join(this.#root, folder, REPLICA_FILE))
    if (host !== hostname() || typeof pid !== 'number') return 'unknown'
    if (!isRunning(pid)) return 'gone'
    // In containers every first process has this process's number.
    return pid === process.pid ? 'unknown' : 'running'
  }

  take(id: string): TakenJournal {
    renameIfThere(join(this.#root, id), join(this.#root, `${id}${ASIDE}${this.#nextId()}`))
    const folders = this.#folders()
      .filter(name => name !== id && replicaOf(name) === id)
      .sort()
      .map(name => join(this.#root, name))
    return {
      rows: readLines(folders.flatMap(linesOf)),
      remove: () => {
        for (const folder of folders) rmSync(folder, { recursive: true, force: true })
      },
    }
  }

  #folders(): string[] {
    try {
      return readdirSync(this.#root, { withFileTypes: true })
        .filter(entry => entry.isDirectory() && this.#isReadable(entry.name))
        .map(entry => entry.name)
    } catch {
      return []
    }
  }

  /** One that says nothing was not finished by who began it, and has no lines. */
  #isReadable(folder: string): boolean {
    const { format = JOURNAL_FORMAT } = readReplica(join(this.#root, folder, REPLICA_FILE))
    return format === JOURNAL_FORMAT
  }
}

function replicaOf(folder: string): string {
  return folder.split(ASIDE, 1)[0] ?? folder
}

function linesOf(folder: string): string[] {
  const files = namesIn(folder).filter(name => name.endsWith('.jsonl'))
  return files.sort().flatMap(file => readIfThere(join(folder, file)).split('\n'))
}

/** Another replica may just have put it aside. */
function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** Of a folder that another replica has taken over and removed, nothing is left. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return ''
    throw error
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function readReplica(path: string): JsonObject {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
