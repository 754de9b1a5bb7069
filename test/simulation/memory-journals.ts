import type { Replica } from '../../src/ledger/authority.ts'
import { LineWriter } from '../../src/ledger/replica/journal-line.ts'
import type { Journal, JournalEntry, Journals, TakenJournal } from '../../src/ledger/replica/journals.ts'
import { readLines } from '../../src/ledger/replica/read-journal.ts'

interface Written {
  readonly id: string
  readonly writer: LineWriter
  readonly lines: string[]
}

/** Journals that survive the replicas that wrote them, unless their disk is lost. */
export class MemoryJournals implements Journals {
  /** The lines of each attempt, as of a file that has no others. */
  readonly #rows = new Map<string, Set<Written>>()
  /** Those that were put aside. */
  readonly #taken = new Map<string, Set<Set<Written>>>()
  /** What can be seen of their owners from here. */
  readonly owners = new Map<string, 'gone' | 'running'>()

  open({ id }: Replica): Journal {
    let rows = new Set<Written>()
    this.#rows.set(id, rows)
    return {
      renew: () => {
        if (this.#rows.get(id) === rows) return
        rows = new Set()
        this.#rows.set(id, rows)
      },
      begin(row) {
        const writer = new LineWriter()
        const written = { id: row.id, writer, lines: [writer.begin(row)] }
        rows.add(written)
        return written
      },
      // A journal that was taken over has lost the beginning, and keeps the end.
      end(entry, row) {
        const { id, writer, lines } = entry as Written
        if (rows.has(entry as Written)) lines.push(writer.end(id, row))
        else rows.add({ id, writer, lines: [new LineWriter().end(id, row)] })
      },
      posted: (entry: JournalEntry) => void rows.delete(entry as Written),
      close: isEmpty => void (isEmpty && this.#rows.get(id) === rows && this.#rows.delete(id)),
    }
  }

  ids(): readonly string[] {
    return [...new Set([...this.#rows.keys(), ...this.#taken.keys()])]
  }

  ownerOf(id: string): 'gone' | 'running' | 'unknown' {
    return this.owners.get(id) ?? 'unknown'
  }

  take(id: string): TakenJournal {
    const aside = this.#taken.get(id) ?? new Set()
    const rows = this.#rows.get(id)
    if (rows) aside.add(rows)
    this.#rows.delete(id)
    if (aside.size > 0) this.#taken.set(id, aside)
    const taken = [...aside]
    return {
      rows: readLines(taken.flatMap(one => [...one].flatMap(({ lines }) => lines.join('').split('\n')))),
      remove: () => {
        for (const one of taken) aside.delete(one)
        if (aside.size === 0 && this.#taken.get(id) === aside) this.#taken.delete(id)
      },
    }
  }
}
