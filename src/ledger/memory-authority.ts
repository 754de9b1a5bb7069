import type { BudgetState, BudgetTerms } from '../core/budget.ts'
import { type Clock, type Ms, systemClock } from '../core/clock.ts'
import type { NanoUsd } from '../core/money.ts'
import { type Account, opened, redefined, rolled, stateOf, withSpent } from './account.ts'
import type {
  Authority,
  Change,
  GivenBack,
  LeaseAnswer,
  LeaseAsk,
  PostAnswer,
  PostBatch,
  PostedRow,
  Pulse,
  Replica,
  WrittenOff,
} from './authority.ts'
import { type Book, chargeSums, leaveAll, lendGroup, reviveAll, settle, writeOffAll } from './book.ts'
import { leaseOf, SCARCE_MS } from './leases.ts'
import { RecentChanges } from './recent-changes.ts'
import { SeenRows } from './seen-rows.ts'
import { steadyNow } from './steady-now.ts'

export interface MemoryAuthorityOptions {
  readonly clock?: Clock
  /** Whether `rows()` has all rows that were ever posted. Default false: only the newest ids are known, against repeats. */
  readonly keepRows?: boolean
}

interface Member {
  readonly replica: Replica
  expiresAt: Ms
  /** The last change that it was told. */
  told: number
  /** The last batch whose returns were taken. */
  batch: number
  isClaimed: boolean
}

/** Budgets in this process's memory: for a library without a store, and for tests. */
export class MemoryAuthority implements Authority {
  readonly #now: () => Ms
  readonly #accounts = new Map<string, Account>()
  readonly #book: Book
  readonly #members = new Map<string, Member>()
  readonly #changes = new RecentChanges()
  readonly #seen: SeenRows

  constructor({ clock = systemClock, keepRows = false }: MemoryAuthorityOptions = {}) {
    this.#now = steadyNow(clock)
    this.#seen = new SeenRows(keepRows)
    this.#book = { get: id => this.#accounts.get(id), set: account => this.#accounts.set(account.id, account) }
  }

  async join(replica: Replica): Promise<void> {
    const known = this.#members.get(replica.id)
    if (known?.isClaimed) throw new Error(`${replica.id} is being taken over`)
    const expiresAt = this.#now() + replica.leaseMs
    this.#members.set(replica.id, {
      replica,
      expiresAt,
      told: known?.told ?? this.#changes.latest,
      batch: known?.batch ?? 0,
      isClaimed: false,
    })
    reviveAll(this.#book, replica.id, { ids: this.#leasedBy(replica.id), now: this.#now() })
  }

  async lease(replica: string, groups: readonly (readonly LeaseAsk[])[]): Promise<readonly LeaseAnswer[]> {
    const now = this.#now()
    this.#checkAlive(replica, now)
    const answers = groups.map(asks => lendGroup(this.#book, replica, { asks, now }))
    for (const answer of answers)
      if ('refused' in answer && answer.crossed) this.note({ kind: 'budget', id: answer.refused.id })
    return answers
  }

  async post(replica: string, batch: PostBatch): Promise<PostAnswer> {
    const now = this.#now()
    const written = batch.rows.filter(row => this.#seen.add(row))
    const returns = this.#isRepeated(replica, batch) ? [] : batch.returns
    const crossed = settle(this.#book, replica, { sums: chargeSums(written), returns, now })
    for (const { budget } of crossed) this.note({ kind: 'budget', id: budget.id })
    return { written: written.map(({ id }) => id), crossed }
  }

  async leases(replica: string): Promise<readonly GivenBack[]> {
    const now = this.#now()
    this.#checkAlive(replica, now)
    return this.#leasedBy(replica).flatMap(id => {
      const account = this.#accounts.get(id)
      if (!account) return []
      const { windowStart, leases } = rolled(account, now)
      const own = leases.find(lease => lease.replica === replica)
      return own && own.live > 0n ? [{ budgetId: id, windowStart, amount: own.live }] : []
    })
  }

  async pulse(replica: string, leaseMs: Ms): Promise<Pulse> {
    const now = this.#now()
    const member = this.#members.get(replica)
    const alive = member !== undefined && this.#isAlive(replica, now)
    if (alive) member.expiresAt = now + leaseMs
    const changes = this.#changes.since(member?.told ?? this.#changes.latest)
    if (member) member.told = this.#changes.latest
    return { now, alive, changes, scarce: alive ? this.#scarceFor(replica, now) : [] }
  }

  async dead(others: readonly string[] = []): Promise<readonly string[]> {
    const now = this.#now()
    const dead = new Set(others.filter(id => !this.#members.has(id)))
    for (const [id, { expiresAt, isClaimed }] of this.#members) if (expiresAt < now || isClaimed) dead.add(id)
    for (const { leases } of this.#accounts.values())
      for (const { replica, live } of leases) if (live > 0n && !this.#members.has(replica)) dead.add(replica)
    return [...dead].sort()
  }

  async claim(replica: string, isCertain: boolean): Promise<boolean> {
    const now = this.#now()
    if (!isCertain && this.#isAlive(replica, now)) return false
    const member = this.#members.get(replica)
    if (member) member.isClaimed = true
    else this.#members.set(replica, unknownMember(replica, { now, told: this.#changes.latest }))
    return true
  }

  async writeOff(replica: string): Promise<readonly WrittenOff[]> {
    const now = this.#now()
    if (this.#isAlive(replica, now)) return []
    return writeOffAll(this.#book, replica, { ids: this.#leasedBy(replica), now })
  }

  async leave(replica: string, isClaimed = false): Promise<void> {
    if (isClaimed && !this.#members.get(replica)?.isClaimed) return
    leaveAll(this.#book, replica, { ids: this.#leasedBy(replica), now: this.#now() })
    this.#members.delete(replica)
  }

  async define(terms: readonly BudgetTerms[]): Promise<void> {
    const now = this.#now()
    for (const term of terms) {
      const known = this.#accounts.get(term.id)
      const next = known ? redefined(known, term, now) : opened(term, now)
      if (next === known) continue
      this.#accounts.set(term.id, next)
      if (known) this.note({ kind: 'budget', id: term.id })
    }
  }

  async budgets(ids: readonly string[]): Promise<readonly BudgetState[]> {
    const now = this.#now()
    return [...new Set(ids)].flatMap(id => {
      const account = this.#accounts.get(id)
      return account ? [stateOf(rolled(account, now))] : []
    })
  }

  async close(): Promise<void> {}

  /** Tells every replica of a change at its next pulse. */
  note(change: Change): void {
    this.#changes.add(change, this.#now())
  }

  /** Sets what was spent by hand. Unknown budgets are left alone. */
  setSpent(id: string, spent: NanoUsd): void {
    const account = this.#accounts.get(id)
    if (!account) return
    this.#accounts.set(id, withSpent(rolled(account, this.#now()), spent))
    this.note({ kind: 'budget', id })
  }

  /** The rows that were posted, in order; none unless they are kept. */
  rows(): readonly PostedRow[] {
    return this.#seen.rows
  }

  /** What a replica has of a budget's present window, for tests. */
  leaseOf(replica: string, budgetId: string): { readonly live: NanoUsd; readonly writtenOff: NanoUsd } {
    const account = this.#accounts.get(budgetId)
    const { live, writtenOff } = account ? leaseOf(rolled(account, this.#now()), replica) : { live: 0n, writtenOff: 0n }
    return { live, writtenOff }
  }

  #checkAlive(replica: string, now: Ms): void {
    if (!this.#isAlive(replica, now)) throw new Error(`${replica} has not joined, or its leases have run out`)
  }

  #isAlive(replica: string, now: Ms): boolean {
    const member = this.#members.get(replica)
    return member !== undefined && member.expiresAt >= now && !member.isClaimed
  }

  #isRepeated(replica: string, { number, returns }: PostBatch): boolean {
    const member = this.#members.get(replica)
    if (number === undefined || returns.length === 0) return false
    if (!member) return true
    const repeated = number <= member.batch
    member.batch = Math.max(member.batch, number)
    return repeated
  }

  #leasedBy(replica: string): string[] {
    const ids: string[] = []
    for (const { id, leases } of this.#accounts.values())
      if (leases.some(lease => lease.replica === replica)) ids.push(id)
    return ids.sort()
  }

  #scarceFor(replica: string, now: Ms): string[] {
    const ids: string[] = []
    for (const account of this.#accounts.values()) {
      if (now - account.wantedAt >= SCARCE_MS) continue
      if (leaseOf(rolled(account, now), replica).live > 0n) ids.push(account.id)
    }
    return ids.sort()
  }
}

/** Taken over although nobody knows it any more: it has joined long ago. */
function unknownMember(id: string, { now, told }: { readonly now: Ms; readonly told: number }): Member {
  const replica = { id, host: '', pid: 0, leaseMs: 0 }
  return { replica, expiresAt: now - 1, told, batch: 0, isClaimed: true }
}
