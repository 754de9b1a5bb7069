import type { BudgetState, BudgetTerms } from '../core/budget.ts'
import type { Ms } from '../core/clock.ts'
import type { NanoUsd } from '../core/money.ts'

/**
 * Who keeps the budgets for all replicas: PostgreSQL, an SQLite file, or this process's memory. A replica leases money
 * from it, holds and charges against its lease without asking, and posts what it has charged. Every method is one
 * transaction: all of it happens, or nothing. Rejects with whatever the store throws when it cannot be reached, and with a Failure
 * `internal` when it does not take what it is given.
 */
export interface Authority {
  /**
   * A replica says that it is there; its leases run out unless it pulses. One that was thought dead has its leases again, as
   * far as they were only written off. Rejects while somebody has taken over for it.
   */
  join(replica: Replica): Promise<void>
  /** Lends each group what it asks, or nothing of it. Rejects when the replica has not joined, or was too long silent. Groups are served in order. Answers are in the order of the groups. */
  lease(replica: string, groups: readonly (readonly LeaseAsk[])[]): Promise<readonly LeaseAnswer[]>
  /**
   * Writes rows and moves their charges from the replica's leases to what is spent; takes back money that was leased and
   * not needed. A row that is there already changes nothing, so that a batch may be repeated.
   */
  post(replica: string, batch: PostBatch): Promise<PostAnswer>
  /**
   * What the replica has under lease, for setting right what a lost answer has left in doubt. Rejects as `lease` does: what is
   * written off may yet be its own again.
   */
  leases(replica: string): Promise<readonly GivenBack[]>
  /** Prolongs the replica's leases, and tells what has changed. */
  pulse(replica: string, leaseMs: Ms): Promise<Pulse>
  /**
   * The replicas whose leases have run out. Their journals may be on this machine.
   * @param others replicas that have left a journal: those of them that nobody knows any more are told too. Default: none.
   */
  dead(others?: readonly string[]): Promise<readonly string[]>
  /**
   * Takes over for a replica whose leases have run out, or whose process is certainly gone: from now on it cannot come back
   * before it has left. False: it lives after all.
   */
  claim(replica: string, isCertain: boolean): Promise<boolean>
  /**
   * Books the leases of a dead replica whose journal cannot be read as spent, until the journal turns up. Nothing happens to
   * one that lives after all.
   */
  writeOff(replica: string): Promise<readonly WrittenOff[]>
  /**
   * All that a replica had is posted: what it still leased goes back, also what was written off.
   * @param isClaimed whether somebody says so who has taken over for it: then nothing happens to one that has joined again. Default
   * false.
   */
  leave(replica: string, isClaimed?: boolean): Promise<void>
  /** Sets the terms of budgets, which the configuration defines; what was spent stays. */
  define(terms: readonly BudgetTerms[]): Promise<void>
  /** Where budgets stand now; unknown ids are left out. */
  budgets(ids: readonly string[]): Promise<readonly BudgetState[]>
  close(): Promise<void>
}

export interface Replica {
  /** A ULID per start of a process. */
  readonly id: string
  readonly host: string
  readonly pid: number
  readonly leaseMs: Ms
}

export interface LeaseAsk {
  /** A budget that the authority does not know yet begins with these. Of one that it knows, its own terms hold. */
  readonly terms: BudgetTerms
  /** Without so much there is no use. */
  readonly need: NanoUsd
  /** So much would be welcome; at least `need`. */
  readonly want: NanoUsd
}

export type LeaseAnswer =
  | { readonly granted: readonly Grant[] }
  /** The first budget that has not enough, and how much of it this replica and others have under lease. */
  | {
      readonly refused: BudgetState
      /** It would not have enough if nothing were under lease: told once per window. */
      readonly crossed?: Crossing | undefined
    }

export interface Grant {
  readonly budget: BudgetState
  /** At least what was needed; of a budget without a limit, what was needed. */
  readonly amount: NanoUsd
  /** Until the window ends, by the authority's clock. Undefined: never. */
  readonly resetsInMs: Ms | undefined
}

export interface PostBatch {
  readonly rows: readonly PostedRow[]
  readonly returns: readonly GivenBack[]
  /**
   * Counts up from 1 with every new batch of a replica that has joined; a repeated batch keeps its number, so that what
   * it gives back is taken once. Absent: returns are taken each time, and a batch with returns must not be repeated.
   */
  readonly number?: number
}

/** A row of the ledger and who bears its charge. */
export interface PostedRow {
  readonly id: string
  /** The row as a JSON object (`LedgerRecord`), without the members that `shared` has. */
  readonly text: string
  /** Its other members: JSON objects that many rows have in common (their deployment's, their caller's), the same texts for all. */
  readonly shared?: readonly string[]
  readonly charge: NanoUsd
  readonly budgets: readonly ChargedBudget[]
}

export interface ChargedBudget {
  readonly terms: BudgetTerms
  /** The window that the money was held in. Undefined: that in which it is posted (budgets without a limit). */
  readonly windowStart: Ms | undefined
  /** The lease that it was held under is gone: it is spent, and is not taken of another lease of the same replica. */
  readonly isForgotten?: boolean
}

export interface GivenBack {
  readonly budgetId: string
  readonly windowStart: Ms
  readonly amount: NanoUsd
}

export interface PostAnswer {
  /** Ids of the rows that were not there before. */
  readonly written: readonly string[]
  /** Budgets whose soft limit, or limit, was passed by this batch, each told once per window. */
  readonly crossed: readonly Crossing[]
}

export interface Crossing {
  readonly budget: BudgetState
  readonly what: 'soft' | 'limit'
}

export interface Pulse {
  /** The authority's clock, epoch ms. */
  readonly now: Ms
  /** False: the leases have run out meanwhile; the replica must join again and lease anew. */
  readonly alive: boolean
  /** What was changed by whomever since the last pulse, each at least once; `EVERYTHING` when that is not known any more. */
  readonly changes: readonly Change[]
  /** Budgets that somebody was refused money of while others had it under lease: whoever has idle money gives it back. */
  readonly scarce: readonly string[]
}

/** A key, team, ... was created, changed or deleted. `budget`: its terms or its spending were changed by hand. */
export interface Change {
  readonly kind: 'key' | 'team' | 'user' | 'organization' | 'customer' | 'tag' | 'model' | 'budget' | 'plan' | 'setting'
  readonly id: string
}

/** Anything may have changed: what is remembered of callers, models and settings is read anew. */
export const EVERYTHING: Change = { kind: 'setting', id: '' }

export interface WrittenOff {
  readonly budget: BudgetState
  readonly amount: NanoUsd
}
