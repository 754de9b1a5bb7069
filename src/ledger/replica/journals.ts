import type { PostedRow, Replica } from '../authority.ts'

/** A row that was written down. */
export type JournalEntry = object

/**
 * What a replica must not lose when it dies: each attempt before it is dialled, and again when it has ended. The later row of
 * an id stands for the earlier one.
 */
export interface Journal {
  /** Keeps a row before anything is dialled. @throws Failure `unavailable` when that cannot be done. */
  begin(row: PostedRow): JournalEntry
  /** Keeps the final row of an attempt, before its end is told. */
  end(entry: JournalEntry, row: PostedRow): void
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
  /** The rows of a journal, the last of each id. */
  read(id: string): readonly PostedRow[]
  remove(id: string): void
}
