import { type BudgetTerms, budgetId } from '../../src/core/budget.ts'
import type { Attempt, Call } from '../../src/core/call.ts'
import { type Caller, plainCaller } from '../../src/core/caller.ts'
import { Cancellation } from '../../src/core/cancellation.ts'
import type { Deployment } from '../../src/core/deployment.ts'
import type { NanoUsd } from '../../src/core/money.ts'
import type { MoneySettings } from '../../src/core/money-settings.ts'
import { MemoryAuthority } from '../../src/ledger/memory-authority.ts'
import type { Entry } from '../../src/ledger/replica/entry.ts'
import { Ledger } from '../../src/ledger/replica/ledger.ts'
import type { LocalHold } from '../../src/ledger/replica/local-hold.ts'
import { FakeClock } from '../../src/testing/fake-clock.ts'
import { Network, through } from './faulty-authority.ts'
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
  /** Of the attempt that comes next, from 1. */
  readonly number: number
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
  readonly replicas: number
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

/** Replicas, their authority, an upstream that remembers what it has billed, and chance. No clock but its own, no network. */
export class World {
  readonly authority: MemoryAuthority
  readonly network: Network
  readonly journals = new MemoryJournals()
  /** Every attempt that was dialled, by its id. */
  readonly dialled = new Map<string, Dialled>()
  /** Attempts whose replica died between their line in its journal and their dial: they may be charged. */
  readonly begun = new Set<string>()
  /** What the upstream has billed in each window of each budget. */
  readonly billed = new Map<string, NanoUsd>()
  /** The terms of each budget now, and the highest limit that it has had. */
  readonly terms = new Map<string, BudgetTerms>()
  readonly #highest = new Map<string, NanoUsd>()
  /** By how much attempts have cost more than they were held at, in each window of each budget. */
  readonly #excess = new Map<string, NanoUsd>()
  /** What was spent and lent of each budget when it was looked at last. */
  readonly #given = new Map<string, { readonly windowStart: number; readonly sum: NanoUsd }>()
  replicas: Replica[] = []
  refused = 0
  bought = 0
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
    const { key, team, gateway, provider } = options.limits
    const terms = (level: BudgetTerms['level'], subject: string, limit: NanoUsd, period = 'total'): BudgetTerms => {
      const id = budgetId({ level, subject, ...(period !== 'total' && { window: period }) })
      return this.#note({ id, level, subject, period, limit })
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
    const { ledger, clock } = replica
    const caller = this.#callers[Math.floor(this.random() * this.#callers.length)]
    if (!caller) return
    const bound = BigInt(1 + Math.floor(this.random() * 1_000))
    const call = callOf(`c${++this.#calls}`, caller, clock)
    const dials = this.random()
    try {
      const found = ledger.hold(call, bound)
      const hold = found instanceof Promise ? await found : found
      if (!hold || !replica.isAlive) return
      if (dials < 0.05) return hold.release()
      const held = { replica, call: { ...call, hold }, hold, bound: dials < 0.1 ? bound * 2n : bound, number: 1 }
      if (dials > 0.8) this.#held.push(held)
      else await this.#dial(held)
    } catch {
      this.refused++
    }
  }

  /** A call that waited is dialled, unless its replica stands still. */
  async dialOne(): Promise<void> {
    const at = Math.floor(this.random() * this.#held.length)
    if (this.#held.length === 0 || this.#held[at]?.replica.isPaused) return
    const [held] = this.#held.splice(at, 1)
    if (held) await this.#dial(held).catch(() => this.refused++)
  }

  async #dial(held: Held): Promise<void> {
    const { replica, call, hold, bound, number } = held
    const attempt = attemptOf(call, number, replica.clock)
    try {
      const begun = replica.ledger.begin(attempt, bound)
      const entry = begun instanceof Promise ? await begun : begun
      if (!replica.isAlive) return void this.begun.add(attempt.attempt.id)
      // Its price was wrong, once in a while.
      const most = this.random() < this.#options.overruns ? 1_300 : 1_000
      const cost = (bound * BigInt(Math.floor(this.random() * (most + 1)))) / 1_000n
      const excess = max(cost - bound, 0n)
      this.dialled.set(attempt.attempt.id, { replica, bound, cost, outcome: 'under way' })
      for (const { budget, windowStart } of hold.purses.all) {
        const window = `${budget.id}@${windowStart}`
        add(this.billed, window, cost)
        add(this.#excess, window, excess)
      }
      for (const { id } of this.#provider) {
        add(this.billed, `${id}@`, cost)
        add(this.#excess, `${id}@`, excess)
      }
      this.bought++
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
    const { attempt, cost, entry, hold, number } = running
    attempt.attempt.cost = cost
    entry.end({ outcome: 'complete' }, undefined)
    const dialled = this.dialled.get(attempt.attempt.id)
    if (dialled) dialled.outcome = 'settled'
    if (number < MOST_ATTEMPTS && this.random() < 0.3) this.#held.push({ ...running, number: number + 1 })
    else hold.release()
  }

  /** Somebody gives a caller's budget another limit, which may be below what is spent. */
  async redefine(): Promise<void> {
    const all = [...this.terms.values()].filter(({ level }) => level !== 'provider')
    const terms = all[Math.floor(this.random() * all.length)]
    if (!terms) return
    const share = BigInt(50 + Math.floor(this.random() * 110))
    const limit = ((terms.limit ?? 0n) * share) / 100n + 1n
    // What was given under the limit as it was: both are asked at once, so that nothing comes between.
    const looked = this.authority.budgets([terms.id])
    const defined = this.authority.define([this.#note({ ...terms, limit })])
    for (const { windowStart, spent, leased } of await looked)
      this.#given.set(terms.id, { windowStart, sum: spent + leased })
    await defined
  }

  #note<Terms extends BudgetTerms & { readonly limit: NanoUsd }>(terms: Terms): Terms {
    this.terms.set(terms.id, terms)
    this.#highest.set(terms.id, max(this.#highest.get(terms.id) ?? 0n, terms.limit))
    return terms
  }

  /** The invariants. @throws Error with the first that does not hold. */
  async check(): Promise<void> {
    for (const [window, amount] of this.billed) {
      const highest = this.#highest.get(window.slice(0, window.indexOf('@'))) ?? 0n
      const limit = highest + (this.#excess.get(window) ?? 0n)
      if (amount > limit) throw new Error(`overshoot: ${window} was billed ${amount} of ${limit}`)
    }
    for (const { id, spent, leased, windowStart } of await this.authority.budgets([...this.terms.keys()])) {
      const limit = this.terms.get(id)?.limit ?? 0n
      const before = this.#given.get(id)
      const sum = spent + leased
      // What was given before the limit was lowered stays given, and becomes no more.
      const given = before?.windowStart === windowStart ? max(limit, before.sum) : limit
      const most = given + (this.#excess.get(`${id}@${windowStart}`) ?? 0n) + (this.#excess.get(`${id}@`) ?? 0n)
      if (sum > most) throw new Error(`the authority lent too much: ${id} ${spent} + ${leased} > ${most}`)
      this.#given.set(id, { windowStart, sum })
    }
  }
}

function add(sums: Map<string, NanoUsd>, name: string, amount: NanoUsd): void {
  sums.set(name, (sums.get(name) ?? 0n) + amount)
}

function max(one: NanoUsd, other: NanoUsd): NanoUsd {
  return one > other ? one : other
}

const DEPLOYMENT: Deployment = {
  id: 'd',
  pool: 'p',
  provider: 'mock',
  model: 'm',
  baseUrl: 'http://127.0.0.1',
  headers: {},
  defaults: {},
  parameters: { dropUnsupported: false, drop: [], allow: [] },
  selection: { tags: [], tagPatterns: [] },
  timeouts: {},
  health: {},
  price: { rates: { input: 1n, output: 1n }, tiers: [], source: 'test' },
  limits: { supports: {} },
  info: {},
}

function callOf(id: string, caller: Caller, clock: FakeClock): Call {
  return {
    id,
    pool: 'p',
    request: { operation: 'chat', body: {}, streamed: false },
    options: { caller },
    cancellation: new Cancellation(),
    deadline: Number.POSITIVE_INFINITY,
    emit: () => {},
    purpose: 'answer',
    record: {
      startedAt: clock.now(),
      start: clock.monotonic(),
      requestedPool: 'p',
      attempts: [],
      decisions: [],
      fallbacks: 0,
      cost: 0n,
      unpriced: false,
    },
  }
}

function attemptOf(call: Call, number: number, clock: FakeClock): Attempt {
  const attempt = {
    id: `${call.id}-${number}`,
    number,
    purpose: call.purpose,
    deployment: DEPLOYMENT,
    decision: undefined,
    start: clock.monotonic(),
  }
  return { deployment: DEPLOYMENT, number, attempt, ...call }
}
