import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { isObject, type JsonObject } from '../../core/json.ts'
import type { Authority, PostedRow } from '../authority.ts'
import { REPLICA_FILE } from './journal.ts'
import { readJournalLine } from './journal-line.ts'

/** Rows that are posted together. */
const BATCH = 500

/** The journals on this machine, by the ids of their replicas. */
export function journalsIn(root: string): readonly string[] {
  try {
    return readdirSync(root, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(entry => entry.name)
  } catch {
    return []
  }
}

/** Whether the process that wrote a journal is certainly gone: it was one of this machine, and no process has its number. */
export function isAbandoned(root: string, id: string): boolean {
  const replica = readReplica(join(root, id, REPLICA_FILE))
  return replica.host === hostname() && typeof replica.pid === 'number' && !isRunning(replica.pid)
}

/**
 * Posts what a dead replica has left in its journal, gives its leases back and deletes the journal. An attempt that has no
 * final line was under way: its line from before the dial stands, `unsettled`, at the worst price. Whoever does it a second
 * time changes nothing.
 */
export async function recover(root: string, id: string, authority: Pick<Authority, 'post' | 'leave'>): Promise<number> {
  const rows = readRows(join(root, id))
  for (let at = 0; at < rows.length; at += BATCH) {
    await authority.post(id, { rows: rows.slice(at, at + BATCH), returns: [] })
  }
  await authority.leave(id)
  rmSync(join(root, id), { recursive: true, force: true })
  return rows.length
}

function readRows(folder: string): readonly PostedRow[] {
  const rows = new Map<string, PostedRow>()
  const files = readdirSync(folder).filter(name => name.endsWith('.jsonl'))
  for (const file of files.sort()) {
    for (const line of readFileSync(join(folder, file), 'utf8').split('\n')) {
      const row = line === '' ? undefined : readJournalLine(line)
      if (row) rows.set(row.id, row)
    }
  }
  return [...rows.values()]
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
