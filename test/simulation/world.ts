import { type BudgetTerms, budgetId } from '../../src/core/budget.ts'
import type { Attempt, Call } from '../../src/core/call.ts'
import { type Caller, plainCaller } from '../../src/core/caller.ts'
import type { NanoUsd } from '../../src/core/money.ts'
import type { MoneySettings } from '../../src/core/money-settings.ts'
import { MemoryAuthority } from '../../src/ledger/memory-authority.ts'
import type { Entry } from '../../src/ledger/replica/entry.ts'
import { Ledger } from '../../src/ledger/replica/ledger.ts'
import type { LocalHold } from '../../src/ledger/replica/local-hold.ts'
import { FakeClock } from '../../src/testing/fake-clock.ts'
import { attemptAt, callTo } from '../support/calls.ts'
import { deployment } from '../support/settings.ts'
import { Network, through } from './faulty-authority.ts'
import { KeptLimits } from './kept-limits.ts'
import { MemoryJournals } from './memory-journals.ts'

/** What the upstream knows of an attempt that was dialled. */
interface Dialled {
  readonly replica: Replica
  readonly bound: NanoUsd
  readonly cost: NanoUsd
  outcome: 'under way' | 'settled' | 'cut off'
}

/** A call that waits before its dial, as between two tries. */
interface Held {
  readonly replica: Replica
  readonly call: Call
  readonly hold: LocalHold
  readonly bound: NanoUsd
}

interface Running extends Held {
  readonly entry: Entry
  readonly attempt: Attempt
  readonly cost: NanoUsd
}

interface Replica {
  readonly ledger: Ledger
  readonly clock: FakeClock
  isAlive: boolean
  isPaused: boolean
  isLeaving: boolean
  /** Time that has passed while it was paused, ms. */
  behind: number
  /** Its journal is gone with it. */
  isLost: boolean
}

export interface WorldOptions {
  readonly random: () => number
  readonly limits: {
    readonly key: NanoUsd
    readonly team: NanoUsd
    readonly gateway: NanoUsd
    /** Of what attempts are paid with besides. Absent: without a limit. */
    readonly provider?: NanoUsd
  }
  readonly whenAway?: MoneySettings['whenAway']
  /** Share of attempts that may cost more than was known of their price. */
  readonly overruns: number
}

const LEASE_MS = 10_000
const MOST_ATTEMPTS = 3
const DEPLOYMENT = deployment({ id: 'd', pool: 'p', baseUrl: 'http://127.0.0.1', provider: 'mock' })

/** Replicas, their authority, an upstream that remembers what it has billed, and chance. No clock but its own, no network. */
export class World {
  readonly authority: MemoryAuthority
  readonly network: Network
  readonly journals = new MemoryJournals()
  /** Every attempt that was dialled, by its id. */
  readonly dialled = new Map<string, Dialled>()
  /** Attempts whose replica died between their line in its journal and their dial: they may be charged. */
  readonly begun = new Set<string>()
  readonly limits: KeptLimits
  replicas: Replica[] = []
  readonly #clock = new FakeClock()
  readonly #options: WorldOptions
  readonly #provider: readonly BudgetTerms[]
  readonly #callers: readonly Caller[]
  readonly #held: Held[] = []
  readonly #running: Running[] = []
  #calls = 0

  constructor(options: WorldOptions) {
    this.#options = options
    this.network = new Network(options.random)
    this.authority = new MemoryAuthority({ clock: this.#clock, keepRows: true })
    this.limits = new KeptLimits(this.authority)
    const { key, team, gateway, provider } = options.limits
    const terms = (level: BudgetTerms['level'], subject: string, limit: NanoUsd, period = 'total'): BudgetTerms => {
      const id = budgetId({ level, subject, ...(period !== 'total' && { window: period }) })
      return this.limits.note({ id, level, subject, period, limit })
    }
    this.#provider = provider === undefined ? [] : [terms('provider', DEPLOYMENT.provider, provider)]
    this.#callers = [0, 1, 2].map(number => ({
      ...plainCaller(`k${number}`),
      budgets: [
        terms('key', `k${number}`, key),
        terms('team', 't', team, 'hour'),
        terms('team', 't', team * 20n, 'day'),
        terms('gateway', '', gateway),
      ],
    }))
  }

  get random(): () => number {
    return this.#options.random
  }

  get running(): number {
    return this.#running.length
  }

  /** Calls that wait before their dial. */
  get held(): number {
    return this.#held.length
  }

  /** Starts a replica; it joins when the network lets it. */
  async begin(): Promise<void> {
    const { whenAway = 'refuse' } = this.#options
    const clock = new FakeClock(this.#clock.now())
    let replica: Replica | undefined
    const isAlive = () => replica?.isAlive ?? true
    const id = `r${this.replicas.length}`
    const settings: MoneySettings = {
      budgets: this.#provider,
      unpriced: 'refuse',
      whenShort: 'refuse',
      whenAway,
      leaseMs: LEASE_MS,
      journal: '',
      backlog: { rows: 10_000, bytes: 32 << 20 },
    }
    const authority = through(this.network, this.authority, { id, isAlive })
    const ledger = new Ledger({ authority, settings, clock, journals: this.journals, warn: () => {}, id })
    replica = { ledger, clock, isAlive: true, isPaused: false, isLeaving: false, behind: 0, isLost: false }
    this.replicas.push(replica)
    // Half of them are of this machine, so that one can see whether they run.
    if (this.random() < 0.5) this.journals.owners.set(ledger.replica.id, 'running')
    ledger.start().catch(() => this.crash(replica))
  }

  /** Lets time pass for all; who is paused has it before it all at once. */
  advance(ms: number): void {
    this.#clock.advance(ms)
    for (const replica of this.living()) {
      if (replica.isPaused) replica.behind += ms
      else replica.clock.advance(ms)
    }
  }

  living(): readonly Replica[] {
    return this.replicas.filter(replica => replica.isAlive)
  }

  pause(replica: Replica): void {
    replica.isPaused = true
  }

  resume(replica: Replica): void {
    replica.isPaused = false
    replica.clock.advance(replica.behind)
    replica.behind = 0
  }

  /** It stops as it should: it takes no more calls, and those that are under way are given up after a while. */
  async leave(replica: Replica): Promise<void> {
    if (replica.isLeaving) return
    replica.isLeaving = true
    await replica.ledger.close()
    this.crash(replica)
  }

  /** It is gone, with all that it was doing; perhaps with its disk. */
  crash(replica: Replica | undefined, withDisk = false): void {
    if (!replica?.isAlive) return
    replica.isAlive = false
    const id = replica.ledger.replica.id
    this.network.forget(id)
    this.#drop(this.#held, replica)
    for (const { attempt } of this.#drop(this.#running, replica)) {
      const dialled = this.dialled.get(attempt.attempt.id)
      if (dialled) dialled.outcome = 'cut off'
    }
    if (withDisk) {
      replica.isLost = true
      this.journals.take(id).remove()
    } else if (this.journals.owners.has(id)) this.journals.owners.set(id, 'gone')
  }

  /** Takes out what a replica was doing. */
  #drop<One extends { readonly replica: Replica }>(all: One[], replica: Replica): readonly One[] {
    const dropped = all.filter(one => one.replica === replica)
    all.splice(0, all.length, ...all.filter(one => one.replica !== replica))
    return dropped
  }

  /** A call begins: money is set aside, and when that is done an upstream is dialled. */
  async call(replica: Replica): Promise<void> {
    const { ledger } = replica
    const caller = this.#callers[Math.floor(this.random() * this.#callers.length)]
    if (!caller) return
    const bound = BigInt(1 + Math.floor(this.random() * 1_000))
    const call = callTo('p', { id: `c${++this.#calls}`, options: { caller }, deadline: Number.POSITIVE_INFINITY })
    const dials = this.random()
    try {
      const found = ledger.hold(call, bound)
      const hold = found instanceof Promise ? await found : found
      if (!hold || !replica.isAlive) return
      if (dials < 0.05) return hold.release()
      const held = { replica, call: { ...call, hold }, hold, bound: dials < 0.1 ? bound * 2n : bound }
      if (dials > 0.8) this.#held.push(held)
      else await this.#dial(held)
    } catch {
      // It was refused, as it may be.
    }
  }

  /** A call that waited is dialled, unless its replica stands still. */
  async dialOne(): Promise<void> {
    const at = Math.floor(this.random() * this.#held.length)
    if (this.#held.length === 0 || this.#held[at]?.replica.isPaused) return
    const [held] = this.#held.splice(at, 1)
    if (held) await this.#dial(held).catch(() => {})
  }

  async #dial(held: Held): Promise<void> {
    const { replica, call, hold, bound } = held
    const attempt = attemptAt(DEPLOYMENT, call)
    try {
      const begun = replica.ledger.begin(attempt, bound)
      const entry = begun instanceof Promise ? await begun : begun
      if (!replica.isAlive) return void this.begun.add(attempt.attempt.id)
      // Its price was wrong, once in a while.
      const most = this.random() < this.#options.overruns ? 1_300 : 1_000
      const cost = (bound * BigInt(Math.floor(this.random() * (most + 1)))) / 1_000n
      this.dialled.set(attempt.attempt.id, { replica, bound, cost, outcome: 'under way' })
      const bill = { cost, excess: cost > bound ? cost - bound : 0n }
      for (const { budget, windowStart } of hold.purses.all) this.limits.bill(budget.id, windowStart, bill)
      for (const { id } of this.#provider) this.limits.bill(id, undefined, bill)
      this.#running.push({ ...held, entry, attempt, cost })
    } catch (error) {
      hold.release()
      throw error
    }
  }

  /** An attempt under way ends, and its call with it, unless it tries again. */
  settleOne(): void {
    const [running] = this.#running.splice(Math.floor(this.random() * this.#running.length), 1)
    if (!running) return
    const { attempt, cost, entry, hold } = running
    attempt.attempt.cost = cost
    entry.end({ outcome: 'complete' }, undefined)
    const dialled = this.dialled.get(attempt.attempt.id)
    if (dialled) dialled.outcome = 'settled'
    if (attempt.number < MOST_ATTEMPTS && this.random() < 0.3) this.#held.push(running)
    else hold.release()
  }
}
