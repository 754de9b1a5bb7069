import type { PostedRow, Replica } from '../authority.ts'

/** An attempt that was written down. */
export type JournalEntry = object

/**
 * What a replica must not lose when it dies: a line for each attempt before it is dialled, and one when it has ended
 * (`beginLine`, `endLine`).
 */
export interface Journal {
  /** Keeps a line before anything is dialled. @throws Failure `unavailable` when that cannot be done. */
  begin(line: string): JournalEntry
  /** Keeps the final line of an attempt, before its end is told. */
  end(entry: JournalEntry, line: string): void
  /** The store has the row. */
  posted(entry: JournalEntry): void
  /** Begins anew where others have taken it over, because its replica was silent for so long that it was thought dead. */
  renew(): void
  /** Nothing more is written. When the store has everything, the journal goes. */
  close(isEmpty: boolean): void
}

/** The journals of the replicas of this machine. */
export interface Journals {
  /** @throws Failure when it cannot be written. */
  open(replica: Replica): Journal
  /** The ids of all replicas that have one. */
  ids(): readonly string[]
  /** What is known of the process that writes it: another machine's cannot be seen. */
  ownerOf(id: string): 'gone' | 'running' | 'unknown'
  /** The rows of a journal, as they were last (`readLines`). */
  read(id: string): readonly PostedRow[]
  remove(id: string): void
}
