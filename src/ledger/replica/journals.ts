import type { NanoUsd } from '../../core/money.ts'
import type { PostedRow, Replica } from '../authority.ts'

/** An attempt that was written down. */
export type JournalEntry = object

/** An attempt before it is dialled. All texts are JSON. */
export interface BegunRow {
  readonly id: string
  /** What it is charged if its end is never written: the most that it may cost. */
  readonly charge: NanoUsd
  /** Who bears it: lists of `budgetText`, the same text for all rows with the same budgets. */
  readonly bearers: readonly string[]
  /** Members that it has in common with others (`PostedRow.shared`). */
  readonly shared: readonly string[]
  /** Its other members, as an object. */
  readonly text: string
}

/** The same when it has ended. */
export interface EndedRow {
  readonly charge: NanoUsd
  readonly bearers: readonly string[]
  /** The members that are known now, as an object. */
  readonly text: string
}

/** What a replica must not lose when it dies: each attempt before it is dialled, and how it has ended. */
export interface Journal {
  /** Keeps an attempt before it is dialled. @throws Failure `unavailable` when that cannot be done. */
  begin(row: BegunRow): JournalEntry
  /** Keeps how it has ended, before its end is told. */
  end(entry: JournalEntry, row: EndedRow): void
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
  /**
   * Puts a journal aside, so that its owner, who may only have been silent, begins a new one; others who take it over at the same
   * time get the same.
   */
  take(id: string): TakenJournal
}

/** Journals of one replica that were put aside. */
export interface TakenJournal {
  /** As they were last (`readLines`). */
  readonly rows: readonly PostedRow[]
  /** Deletes what was put aside by then, and nothing that came later. */
  remove(): void
}
