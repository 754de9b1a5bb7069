import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { isObject, type JsonObject } from '../../core/json.ts'
import type { PostedRow, Replica } from '../authority.ts'
import { FileJournal, JOURNAL_FORMAT, REPLICA_FILE } from './file-journal.ts'
import type { Journal, Journals } from './journals.ts'
import { readLines } from './read-journal.ts'

/** Journals in a folder: one folder for each replica. */
export class FileJournals implements Journals {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  open(replica: Replica): Journal {
    return new FileJournal(this.#root, replica)
  }

  ids(): readonly string[] {
    try {
      return readdirSync(this.#root, { withFileTypes: true })
        .filter(entry => entry.isDirectory() && this.#isReadable(entry.name))
        .map(entry => entry.name)
    } catch {
      return []
    }
  }

  ownerOf(id: string): 'gone' | 'running' | 'unknown' {
    const { host, pid } = readReplica(join(this.#root, id, REPLICA_FILE))
    if (host !== hostname() || typeof pid !== 'number') return 'unknown'
    if (!isRunning(pid)) return 'gone'
    // In containers every first process has this process's number.
    return pid === process.pid ? 'unknown' : 'running'
  }

  read(id: string): readonly PostedRow[] {
    const folder = join(this.#root, id)
    const files = namesIn(folder).filter(name => name.endsWith('.jsonl'))
    return readLines(files.sort().flatMap(file => readIfThere(join(folder, file)).split('\n')))
  }

  remove(id: string): void {
    rmSync(join(this.#root, id), { recursive: true, force: true })
  }

  /** One that says nothing was not finished by who began it, and has no lines. */
  #isReadable(id: string): boolean {
    const { format = JOURNAL_FORMAT } = readReplica(join(this.#root, id, REPLICA_FILE))
    return format === JOURNAL_FORMAT
  }
}

/** Of a folder that another replica has just taken over, nothing is left. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
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
