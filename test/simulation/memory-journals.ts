import type { PostedRow, Replica } from '../../src/ledger/authority.ts'
import type { Journal, JournalEntry, Journals } from '../../src/ledger/replica/journals.ts'

/** Journals that survive the replicas that wrote them, unless their disk is lost. */
export class MemoryJournals implements Journals {
  readonly #rows = new Map<string, Map<string, PostedRow>>()
  /** What can be seen of their owners from here. */
  readonly owners = new Map<string, 'gone' | 'running'>()

  open({ id }: Replica): Journal {
    let rows = new Map<string, PostedRow>()
    this.#rows.set(id, rows)
    return {
      renew: () => {
        if (this.#rows.has(id)) return
        rows = new Map()
        this.#rows.set(id, rows)
      },
      begin(row) {
        rows.set(row.id, row)
        return { id: row.id }
      },
      end(_entry, row) {
        rows.set(row.id, row)
      },
      posted: (entry: JournalEntry) => void rows.delete((entry as { id: string }).id),
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
    return [...(this.#rows.get(id)?.values() ?? [])]
  }

  remove(id: string): void {
    this.#rows.delete(id)
  }
}
