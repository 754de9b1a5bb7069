import type { PostedRow, Replica } from '../../src/ledger/authority.ts'
import { readLines } from '../../src/ledger/replica/journal-line.ts'
import type { Journal, JournalEntry, Journals } from '../../src/ledger/replica/journals.ts'

/** Journals that survive the replicas that wrote them, unless their disk is lost. */
export class MemoryJournals implements Journals {
  /** The lines of each attempt. */
  readonly #rows = new Map<string, Set<string[]>>()
  /** What can be seen of their owners from here. */
  readonly owners = new Map<string, 'gone' | 'running'>()

  open({ id }: Replica): Journal {
    let rows = new Set<string[]>()
    this.#rows.set(id, rows)
    return {
      renew: () => {
        if (this.#rows.has(id)) return
        rows = new Set()
        this.#rows.set(id, rows)
      },
      begin(line) {
        const lines = [line]
        rows.add(lines)
        return lines
      },
      // A journal that was taken over has lost the beginning, and keeps the end.
      end(entry, line) {
        if (rows.has(entry as string[])) (entry as string[]).push(line)
        else rows.add([line])
      },
      posted: (entry: JournalEntry) => void rows.delete(entry as string[]),
      close: isEmpty => void (isEmpty && this.#rows.delete(id)),
    }
  }

  ids(): readonly string[] {
    return [...this.#rows.keys()]
  }

  ownerOf(id: string): 'gone' | 'running' | 'unknown' {
    return this.owners.get(id) ?? 'unknown'
  }

  read(id: string): readonly PostedRow[] {
    return readLines([...(this.#rows.get(id) ?? [])].flat())
  }

  remove(id: string): void {
    this.#rows.delete(id)
  }
}
