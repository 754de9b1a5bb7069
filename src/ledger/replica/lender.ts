import type { BudgetState } from '../../core/budget.ts'
import type { Clock, Ms } from '../../core/clock.ts'
import type { NanoUsd } from '../../core/money.ts'
import type { Authority, Crossing, Grant, LeaseAnswer, LeaseAsk } from '../authority.ts'
import type { Account } from './account.ts'
import type { Contact } from './contact.ts'
import type { Gate } from './gate.ts'
import type { LocalHold } from './local-hold.ts'
import { awayFailure, overBudget } from './refusals.ts'
import { Waiting, type Wanted } from './waiting.ts'

/** Calls that wait for the authority at once; who comes later is refused. */
const MAX_WAITING = 10_000
/** Calls that are brought before the authority together. */
const MAX_GROUPS = 200
/** How long a call waits for the authority's answer. */
const ANSWER_MS: Ms = 800
/** How long it waits for money that other replicas have under lease and may not need, and for a pulse. */
const PATIENCE_MS: Ms = 600
const RETRY_MS: Ms = 40

export interface LenderParts {
  readonly authority: Pick<Authority, 'lease'>
  /** This replica's id. */
  readonly replica: string
  readonly contact: Contact
  readonly gate: Gate
  readonly clock: Clock
  /** The account of a budget that money has come for. */
  readonly accountOf: (grant: Grant) => Account
  /** Holds, if it can be done at once. */
  readonly place: (wanted: Wanted) => LocalHold | undefined
  /** Called when somebody was refused money of an account. */
  readonly markScarce: (account: Account) => void
  /** Called when idle money should go back to the authority soon. */
  readonly hurry: () => void
  readonly onCrossing: (crossing: Crossing) => void
  /** Called when nobody knows whether money was lent. */
  readonly onDoubt: () => void
}

/** Leases what calls are short of: one question to the authority at a time, for all who wait. */
export class Lender {
  readonly #parts: LenderParts
  #queue: Waiting[] = []
  #waiting = 0
  #asking = false
  /** Budgets of questions that nobody waits for any more. Another one would wait behind them. */
  readonly #unanswered = new Set<string>()

  constructor(parts: LenderParts) {
    this.#parts = parts
  }

  /** Rejects with a Failure: over budget, or the authority is away. */
  async lease(wanted: Wanted): Promise<LocalHold> {
    const { clock, contact } = this.#parts
    const broken = contact.broken(clock.monotonic())
    if (broken || this.#waiting >= MAX_WAITING) throw awayFailure(broken?.why)
    const tooLate = () => awayFailure(new Error('the store took too long'))
    const waiting = new Waiting(wanted, clock, { ms: ANSWER_MS + PATIENCE_MS, tooLate })
    this.#waiting++
    this.#bring(waiting)
    return waiting.result.finally(() => this.#waiting--)
  }

  #bring(waiting: Waiting): void {
    if (waiting.isSettled) return
    waiting.asksLater = false
    this.#queue.push(waiting)
    this.#pump()
  }

  #pump(): void {
    if (this.#asking || this.#queue.length === 0) return
    this.#asking = true
    const batch = this.#queue.splice(0, MAX_GROUPS).filter(waiting => !waiting.isSettled)
    void this.#serve(batch).finally(() => {
      this.#asking = false
      this.#pump()
    })
  }

  async #serve(batch: readonly Waiting[]): Promise<void> {
    await this.#ask(batch)
    for (const waiting of batch) {
      if (waiting.isSettled || waiting.asksLater) continue
      if (!this.#isFresh()) {
        this.#awaitPulse(waiting)
        continue
      }
      const hold = this.#parts.place(waiting.wanted)
      if (hold) waiting.resolve(hold)
      // A window has begun meanwhile, or somebody before it was refused and left it short.
      else this.#bring(waiting)
    }
  }

  #isFresh(): boolean {
    return this.#parts.contact.isFresh(this.#parts.clock.monotonic())
  }

  /** Money alone is not enough where nobody has heard for long whether the key was revoked. */
  #awaitPulse(waiting: Waiting): void {
    if (this.#isPatient(waiting)) this.#bringLater(waiting)
    else waiting.reject(awayFailure(new Error('the store does not say what has changed')))
  }

  #isPatient({ since }: Waiting): boolean {
    return this.#parts.clock.monotonic() - since < PATIENCE_MS
  }

  #bringLater(waiting: Waiting): void {
    waiting.asksLater = true
    this.#parts.clock.after(RETRY_MS, () => this.#bring(waiting))
  }

  async #ask(batch: readonly Waiting[]): Promise<void> {
    const { authority, replica, contact, gate, clock, onDoubt } = this.#parts
    const sentAt = clock.monotonic()
    const { asking, groups } = this.#questions(batch, sentAt)
    if (groups.length === 0) return
    const broken = contact.broken(sentAt)
    // Who came while the last question stayed without an answer does not wait for another one.
    if (broken) {
      for (const waiting of asking) waiting.reject(awayFailure(broken.why))
      return
    }
    try {
      const answers = await this.#inTime(
        gate.share(() => authority.lease(replica, groups)),
        { asking, sentAt, ids: groups.flatMap(asks => asks.map(({ terms }) => terms.id)) },
      )
      contact.answered()
      this.#take(answers, asking, sentAt)
    } catch (error) {
      contact.failed(clock.monotonic(), error)
      onDoubt()
      for (const waiting of asking) waiting.reject(awayFailure(error))
    }
  }

  /**
   * What each is short of. Free money is counted once, for the first that needs it. Who lacks nothing asks only when the
   * authority has not been heard of lately.
   */
  #questions(batch: readonly Waiting[], now: Ms) {
    const isFresh = this.#isFresh()
    const promised = new Map<Account, NanoUsd>()
    const asking: Waiting[] = []
    const groups: LeaseAsk[][] = []
    for (const waiting of batch) {
      const asks = asksOf(waiting.wanted, promised, now)
      const [first] = waiting.wanted.terms
      if (asks.length === 0 && !isFresh && first) asks.push({ terms: first, need: 0n, want: 0n })
      if (asks.length === 0) continue
      if (asks.some(({ terms }) => this.#unanswered.has(terms.id))) {
        waiting.reject(awayFailure(new Error('the store has not answered the last question about the budget')))
        continue
      }
      asking.push(waiting)
      groups.push(asks)
    }
    return { asking, groups }
  }

  /** The answer, or an error in time. Money that is lent too late is kept all the same. */
  #inTime(answer: Promise<readonly LeaseAnswer[]>, { asking, sentAt, ids }: Asked): Promise<readonly LeaseAnswer[]> {
    return new Promise((resolve, reject) => {
      let isLate = false
      const timer = this.#parts.clock.after(ANSWER_MS, () => {
        isLate = true
        for (const id of ids) this.#unanswered.add(id)
        reject(new Error(`the store did not answer within ${ANSWER_MS} ms`))
      })
      const settle = (answers: readonly LeaseAnswer[]) =>
        isLate ? this.#take(answers, asking, sentAt) : resolve(answers)
      // An answer that is lost after that leaves the same doubt, which may have been looked into meanwhile.
      const fail = (error: unknown) => (isLate ? this.#parts.onDoubt() : reject(error))
      const end = () => {
        timer.cancel()
        if (isLate) for (const id of ids) this.#unanswered.delete(id)
      }
      answer.finally(end).then(settle, fail)
    })
  }

  #take(answers: readonly LeaseAnswer[], asking: readonly Waiting[], sentAt: Ms): void {
    answers.forEach((answer, index) => {
      if ('granted' in answer) {
        for (const grant of answer.granted) this.#parts.accountOf(grant).receive(grant, sentAt)
      } else {
        const waiting = asking[index]
        if (answer.crossed) this.#parts.onCrossing(answer.crossed)
        if (waiting && !waiting.isSettled) this.#refuse(waiting, answer.refused)
      }
    })
  }

  /** What others have under lease may come back: it is asked for, and waited for a little. */
  #refuse(waiting: Waiting, budget: BudgetState): void {
    const { clock, hurry, markScarce } = this.#parts
    const { accounts, amount } = waiting.wanted
    const now = clock.monotonic()
    const account = accounts.find(one => one.terms.id === budget.id)
    if (account) markScarce(account)
    const elsewhere = budget.leased - (account?.leased ?? 0n)
    const free = account?.free(now) ?? 0n
    const { limit = 0n, spent, leased } = budget
    const isPatient = this.#isPatient(waiting)
    // Money that came for others with the same answer, and beyond their need: it asks for less at once.
    if (isPatient && amount > 0n && limit - spent - leased + free >= amount) return
    if (isPatient && elsewhere > 0n && limit - spent >= amount) {
      this.#bringLater(waiting)
    } else {
      // What is free here is held by nobody; it was not enough.
      waiting.reject(overBudget({ ...budget, leased: leased - free }, amount, clock.now()))
    }
    hurry()
  }
}

interface Asked {
  readonly asking: readonly Waiting[]
  /** Monotonic. */
  readonly sentAt: Ms
  /** The budgets that it is about. */
  readonly ids: readonly string[]
}

function asksOf({ accounts, terms, amount }: Wanted, promised: Map<Account, NanoUsd>, now: Ms): LeaseAsk[] {
  const asks: LeaseAsk[] = []
  accounts.forEach((account, index) => {
    const before = promised.get(account)
    const free = account.free(now) - (before ?? 0n)
    const need = free >= amount ? 0n : amount - (free > 0n ? free : 0n)
    promised.set(account, (before ?? 0n) + (amount - need))
    // What costs nothing needs a window as well, and a limit that is not 0.
    if (need === 0n && account.purseWith(amount, now)) return
    // What is wanted beforehand is wanted once.
    const extra = before === undefined ? account.appetite(amount, now) : 0n
    asks.push({ terms: terms[index] ?? account.terms, need, want: need + extra })
  })
  return asks
}
