import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { attemptAt, callTo } from '../../../test/support/calls.ts'
import { journalRow, ledgerRow } from '../../../test/support/ledger-row.ts'
import { deployment } from '../../../test/support/settings.ts'
import { budgetOf, refusalOf } from '../../../test/support/till.ts'
import type { BudgetTerms } from '../../core/budget.ts'
import type { Attempt } from '../../core/call.ts'
import { plainCaller } from '../../core/caller.ts'
import { Failure } from '../../core/failure.ts'
import type { NanoUsd } from '../../core/money.ts'
import type { MoneySettings } from '../../core/money-settings.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import type { Authority, Change, Crossing, PostBatch } from '../authority.ts'
import { MemoryAuthority } from '../memory-authority.ts'
import type { Entry } from './entry.ts'
import { FileJournals } from './file-journals.ts'
import { Ledger } from './ledger.ts'
import { recover } from './recover.ts'

const SETTINGS: MoneySettings = {
  budgets: [],
  unpriced: 'refuse',
  whenShort: 'refuse',
  whenAway: 'refuse',
  leaseMs: 10_000,
  journal: '',
  backlog: { rows: 3, bytes: 1 << 20 },
}
const key = budgetOf('k', 1_000n)
const one = deployment({ id: 'd', pool: 'p', baseUrl: 'http://127.0.0.1' })

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tollgate-ledger-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

interface SceneOptions {
  readonly settings?: Partial<MoneySettings>
  readonly authority?: MemoryAuthority
  readonly clock?: FakeClock
  readonly journals?: boolean
}

/** A ledger before an authority that is away while the test likes. */
async function scene({ settings, clock = new FakeClock(), journals = true, ...given }: SceneOptions = {}) {
  const authority = given.authority ?? new MemoryAuthority({ clock, keepRows: true })
  /** `loses`: the method whose answers do not arrive. */
  const weather: { isAway: boolean; loses?: keyof Authority } = { isAway: false }
  const seen = new Proxy(authority, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return (...all: unknown[]) => {
        if (weather.isAway) return Promise.reject(new Error('away'))
        const answer: Promise<unknown> = Reflect.apply(method, target, all)
        return weather.loses === name ? answer.then(() => Promise.reject(new Error('lost'))) : answer
      }
    },
  }) as Authority
  const warnings: string[] = []
  const crossings: Crossing[] = []
  const changes: Change[] = []
  const ledger = new Ledger({
    authority: seen,
    settings: { ...SETTINGS, ...settings },
    clock,
    warn: message => void warnings.push(message),
    onCrossing: crossing => void crossings.push(crossing),
    ...(journals && { journals: new FileJournals(root) }),
  })
  ledger.onChange(change => void changes.push(change))
  await ledger.start()
  let count = 0
  async function hold(bound: NanoUsd, budgets: readonly BudgetTerms[] = [key]): Promise<Attempt> {
    const call = callTo('p', { id: `c${++count}`, options: { caller: { ...plainCaller('k'), budgets } } })
    const held = await ledger.hold(call, bound)
    return attemptAt(one, { ...call, ...(held && { hold: held }) })
  }
  async function begin(bound: NanoUsd, budgets?: readonly BudgetTerms[]): Promise<Begun> {
    const attempt = await hold(bound, budgets)
    return { attempt, entry: await ledger.begin(attempt, bound), release: () => attempt.hold?.release() }
  }
  const state = async () => (await authority.budgets([key.id]))[0]
  return { clock, authority, ledger, weather, warnings, crossings, changes, hold, begin, state }
}

interface Begun {
  readonly attempt: Attempt
  readonly entry: Entry
  release(): void
}

function end({ attempt, entry, release }: Begun, cost: NanoUsd): void {
  attempt.attempt.cost = cost
  entry.end({ outcome: 'complete' }, undefined)
  release()
}

async function close(ledger: Ledger, clock: FakeClock): Promise<void> {
  const closing = ledger.close()
  await clock.advanceAsync(6_000)
  await closing
}

describe('the ledger of a replica', () => {
  it('charges what an attempt cost, once, and gives the rest back when it closes', async () => {
    const { ledger, clock, authority, begin, state } = await scene()
    end(await begin(400n), 150n)
    await ledger.flush()
    expect(authority.rows()).toHaveLength(1)
    expect(JSON.parse(authority.rows()[0]?.text ?? '')).toMatchObject({
      charge: '150',
      held: '400',
      overrun: '0',
      outcome: 'complete',
    })
    expect(await state()).toMatchObject({ spent: 150n })
    await close(ledger, clock)
    expect(await state()).toMatchObject({ spent: 150n, leased: 0n })
    expect(existsSync(join(root, ledger.replica.id))).toBe(false)
  })

  it('warns of what cost more than was held, and charges it', async () => {
    const { ledger, warnings, authority, begin, state } = await scene()
    end(await begin(100n), 130n)
    await ledger.flush()
    expect(await state()).toMatchObject({ spent: 130n })
    expect(JSON.parse(authority.rows()[0]?.text ?? '')).toMatchObject({ overrun: '30' })
    expect(warnings).toEqual([expect.stringContaining('cost $0.000000030 more than was held')])
  })

  it('tells once when a limit was passed, and knows which calls it concerns', async () => {
    const soft = { ...key, softLimit: 100n }
    const { ledger, clock, crossings, begin } = await scene()
    const begun = await begin(200n, [soft])
    expect(ledger.isExceeded(begun.attempt)).toBe(false)
    end(begun, 120n)
    await ledger.flush()
    await clock.advanceAsync(250)
    expect(crossings).toMatchObject([{ what: 'soft', budget: { id: key.id, spent: 120n } }])
    expect(ledger.isExceeded(begun.attempt)).toBe(true)
  })

  it('tells of changes by others within a pulse', async () => {
    const { authority, clock, changes } = await scene()
    authority.note({ kind: 'key', id: 'revoked' })
    await clock.advanceAsync(250)
    expect(changes).toEqual([{ kind: 'key', id: 'revoked' }])
  })

  it('counts what nothing bounds, and holds nothing of it', async () => {
    const counted = { ...key, limit: undefined }
    const { ledger, begin, state } = await scene()
    const begun = await begin(400n, [counted])
    expect(ledger.isBounded(begun.attempt)).toBe(false)
    end(begun, 150n)
    await ledger.flush()
    expect(await state()).toMatchObject({ spent: 150n, leased: 0n })
  })
})

describe('while the store is away', () => {
  it('refuses who is bounded after a second, lets others go on, and recovers by itself', async () => {
    const { ledger, clock, weather, warnings, begin, state } = await scene()
    const before = await begin(300n)
    weather.isAway = true
    end(before, 100n)
    await clock.advanceAsync(1_000)
    expect(await refusalOf(begin(10n))).toMatchObject({ kind: 'unavailable', code: 'budget_store_unavailable' })
    end(await begin(10n, []), 5n)
    expect(warnings).toEqual([expect.stringContaining('does not take ledger rows')])
    weather.isAway = false
    await clock.advanceAsync(3_000)
    expect(warnings[1]).toContain('takes ledger rows again')
    end(await begin(10n), 10n)
    await clock.advanceAsync(250)
    expect(await state()).toMatchObject({ spent: 110n })
    await close(ledger, clock)
  })

  it('spends what is leased where it may, for most of a lease, and no longer', async () => {
    const { clock, weather, begin } = await scene({
      settings: { whenAway: 'spend-leases', backlog: { rows: 99, bytes: 1 << 20 } },
    })
    const lease = await begin(600n)
    weather.isAway = true
    lease.release()
    await clock.advanceAsync(6_500)
    const spent = await begin(100n)
    expect(spent.entry).toBeDefined()
    await clock.advanceAsync(1_000)
    expect(await refusalOf(begin(100n))).toMatchObject({ code: 'budget_store_unavailable' })
  })

  it('refuses everybody when as much waits as may, and nothing is lost of what waits', async () => {
    const { ledger, clock, weather, authority, begin } = await scene()
    const begun = [await begin(10n), await begin(10n), await begin(10n)]
    weather.isAway = true
    for (const each of begun) end(each, 7n)
    expect(await refusalOf(begin(1n, []))).toMatchObject({ kind: 'unavailable', code: 'ledger_backlog_full' })
    await clock.advanceAsync(5_000)
    weather.isAway = false
    await clock.advanceAsync(2_500)
    expect(authority.rows()).toHaveLength(3)
    end(await begin(1n, []), 1n)
    await close(ledger, clock)
    expect(authority.rows()).toHaveLength(4)
  })

  it('leaves what it cannot bring in the journal, and whoever starts next on the machine brings it once', async () => {
    const clock = new FakeClock()
    const first = await scene({ clock })
    const done = await first.begin(300n)
    first.weather.isAway = true
    end(done, 100n)
    await close(first.ledger, clock)
    expect(first.warnings.at(-1)).toContain('they stay in the journal')
    expect(first.authority.rows()).toEqual([])
    clock.advance(10_001)
    const second = await scene({ clock, authority: first.authority })
    await clock.advanceAsync(10_000)
    expect(first.authority.rows()).toHaveLength(1)
    expect(await first.state()).toMatchObject({ spent: 100n, leased: 0n })
    expect(second.warnings).toEqual([expect.stringContaining('took over the journal')])
  })

  it('posts a journal that turns up when nobody knows whose it is any more, and leaves those of the living alone', async () => {
    const { authority, clock } = await scene()
    const lost = { id: 'lost', host: 'another-host', pid: 1, leaseMs: 60_000 }
    const lives = { ...lost, id: 'lives' }
    const runs = { ...lost, id: 'runs', host: hostname(), pid: process.ppid }
    await authority.join(lives)
    for (const each of [lost, lives, runs]) {
      const row = journalRow(ledgerRow(`row of ${each.id}`, 120n, [{ terms: key, windowStart: undefined }]))
      const journal = new FileJournals(root).open(each)
      journal.end(journal.begin(row), row)
    }
    // It may be of a process that is about to join.
    await clock.advanceAsync(5_500)
    expect(authority.rows()).toEqual([])
    await clock.advanceAsync(5_000)
    expect(authority.rows().map(({ id }) => id)).toEqual(['row of lost'])
    expect(['lost', 'lives', 'runs'].map(id => existsSync(join(root, id)))).toEqual([false, true, true])
  })

  it('hears of changes while it sees to what a dead neighbour has left, however long that takes', async () => {
    const clock = new FakeClock()
    const authority = new SlowToWriteOff({ clock, keepRows: true })
    await authority.join({ id: 'dead', host: 'h', pid: 1, leaseMs: 1_000 })
    const { ledger, changes } = await scene({ clock, authority })
    await clock.advanceAsync(5_500)
    authority.note({ kind: 'key', id: 'revoked' })
    await clock.advanceAsync(10_000)
    expect(changes).toEqual([{ kind: 'key', id: 'revoked' }])
    expect(authority.asked).toEqual(['dead'])
    authority.goOn()
    await close(ledger, clock)
  })
})

/** Writes off nothing before `goOn`. */
class SlowToWriteOff extends MemoryAuthority {
  readonly asked: string[] = []
  goOn: () => void = () => {}
  readonly #going = new Promise<void>(resolve => (this.goOn = resolve))

  override async writeOff(replica: string) {
    this.asked.push(replica)
    await this.#going
    return super.writeOff(replica)
  }
}

describe('a row that the store does not take', () => {
  it('keeps no others out of it, is told of once, and waits', async () => {
    const clock = new FakeClock()
    const authority = new Picky({ clock, keepRows: true })
    const { ledger, warnings, begin, state } = await scene({
      clock,
      authority,
      settings: { backlog: { rows: 50, bytes: 1 << 20 } },
    })
    for (let number = 1; number <= 20; number++) end(await begin(20n), BigInt(number))
    await clock.advanceAsync(2_000)
    expect(authority.rows().map(({ charge }) => charge)).toEqual(
      Array.from({ length: 20 }, (_, at) => BigInt(at + 1)).filter(charge => charge !== 13n),
    )
    // What it was held at stays set aside.
    expect(await state()).toMatchObject({ spent: 210n - 13n })
    await clock.advanceAsync(130_000)
    const told = warnings.filter(warning => warning.includes('does not take the row'))
    expect(told).toEqual([expect.stringContaining('13 is no number')])
    authority.isPicky = false
    await clock.advanceAsync(61_000)
    expect(await state()).toMatchObject({ spent: 210n })
    await close(ledger, clock)
    expect(new FileJournals(root).ids()).toEqual([])
  })

  it('stays in the journal when its process ends, and is posted by whoever can', async () => {
    const clock = new FakeClock()
    const authority = new Picky({ clock, keepRows: true })
    const { ledger, begin } = await scene({ clock, authority })
    for (const cost of [12n, 13n, 14n]) end(await begin(20n), cost)
    await clock.advanceAsync(2_000)
    await close(ledger, clock)
    expect(authority.rows()).toHaveLength(2)
    const journals = new FileJournals(root)
    clock.advance(11_000)
    const { id } = ledger.replica
    await expect(recover(id, { authority, journals })).rejects.toThrow('13 is no number')
    authority.isPicky = false
    await recover(id, { authority, journals })
    expect(authority.rows().map(({ charge }) => charge)).toEqual([12n, 14n, 13n])
    expect(journals.ids()).toEqual([])
  })

  it('is taken for one of a store that takes none where there are many', async () => {
    const clock = new FakeClock()
    const authority = new Picky({ clock, keepRows: true })
    const { ledger, warnings, begin } = await scene({
      clock,
      authority,
      settings: { backlog: { rows: 500, bytes: 1 << 20 } },
    })
    for (let number = 0; number < 150; number++) end(await begin(2n, []), 13n)
    await clock.advanceAsync(10_000)
    expect(warnings.filter(warning => warning.includes('does not take the row'))).toHaveLength(100)
    expect(warnings.at(-1)).toContain('does not take ledger rows')
    await close(ledger, clock)
  })
})

/** It takes no row with a charge of 13. */
class Picky extends MemoryAuthority {
  isPicky = true

  override async post(replica: string, batch: PostBatch) {
    if (this.isPicky && batch.rows.some(({ charge }) => charge === 13n))
      throw new Failure('internal', 'The store: 13 is no number', { code: 'store_failed' })
    return super.post(replica, batch)
  }
}

describe('leases of a ledger', () => {
  it('go back at the next start where nobody could be told that it left', async () => {
    const clock = new FakeClock()
    const first = await scene({ clock })
    end(await first.begin(300n), 100n)
    await first.ledger.flush()
    first.weather.isAway = true
    await close(first.ledger, clock)
    expect(await first.state()).toMatchObject({ spent: 100n, leased: 287n })
    await scene({ clock, authority: first.authority })
    await clock.advanceAsync(10_000)
    expect(await first.state()).toMatchObject({ spent: 100n, leased: 0n })
  })

  it('of a budget that was changed go back, and are leased anew under its terms', async () => {
    const { clock, authority, begin, state } = await scene()
    end(await begin(300n), 100n)
    await clock.advanceAsync(1_000)
    expect(await state()).toMatchObject({ spent: 100n, leased: 287n })
    await authority.define([{ ...key, limit: 150n }])
    await clock.advanceAsync(1_000)
    expect(await state()).toMatchObject({ spent: 100n, leased: 0n })
    expect(await refusalOf(begin(100n))).toMatchObject({ kind: 'over_budget', remaining: 50n })
  })

  it('are not charged with an overrun twice', async () => {
    const { clock, begin, state } = await scene()
    end(await begin(300n), 900n)
    await clock.advanceAsync(1_000)
    expect(await state()).toMatchObject({ spent: 900n, leased: 0n })
    end(await begin(50n), 50n)
    await clock.advanceAsync(1_000)
    const { spent, leased } = (await state()) ?? {}
    expect(spent).toBe(950n)
    // What was leased beforehand, and nothing for what the overrun took.
    expect(leased).toBe(6n)
  })
})

describe('a ledger that is closed under calls', () => {
  it('lets no call be dialled on money that goes back', async () => {
    const { ledger, clock, hold, state } = await scene()
    const attempt = await hold(300n)
    await close(ledger, clock)
    expect(await state()).toMatchObject({ spent: 0n, leased: 0n })
    expect(await refusalOf((async () => ledger.begin(attempt, 300n))())).toMatchObject({ code: 'stopping' })
  })

  it('keeps what has not ended in the journal, at its worst price', async () => {
    const clock = new FakeClock()
    const first = await scene({ clock })
    await first.begin(300n)
    await close(first.ledger, clock)
    clock.advance(10_001)
    await scene({ clock, authority: first.authority })
    await clock.advanceAsync(10_000)
    expect(JSON.parse(first.authority.rows()[0]?.text ?? '{}')).toMatchObject({
      outcome: 'unsettled',
      charge: '300',
      estimated: 1,
    })
    expect(await first.state()).toMatchObject({ spent: 300n, leased: 0n })
  })
})

describe('a replica that was silent', () => {
  it('has its leases again when nobody knew better than to write them off', async () => {
    const clock = new FakeClock()
    const silent = await scene({ clock, journals: false })
    const begun = await silent.begin(300n)
    silent.weather.isAway = true
    await clock.advanceAsync(10_001)
    const other = await scene({ clock, authority: silent.authority, journals: false })
    await clock.advanceAsync(5_000)
    expect(other.warnings).toEqual([expect.stringContaining('it counts as spent')])
    // 300 for the call, and an eighth of the rest beforehand.
    expect(await other.state()).toMatchObject({ spent: 387n, leased: 0n })
    silent.weather.isAway = false
    await clock.advanceAsync(250)
    expect(await silent.state()).toMatchObject({ spent: 0n, leased: 387n })
    end(begun, 120n)
    await clock.advanceAsync(120_000)
    expect(await silent.state()).toMatchObject({ spent: 120n, leased: 0n })
  })

  it('charges what is under way once though its journal was taken over, and writes on in a new one', async () => {
    const { clock, silent, other, done: begun } = await takenOver(one => one.begin(300n))
    // Its worst price stands: nobody could know that it lives.
    expect(await other.state()).toMatchObject({ spent: 300n, leased: 0n })
    silent.weather.isAway = false
    end(begun, 120n)
    await clock.advanceAsync(3_000)
    expect(await silent.state()).toMatchObject({ spent: 300n, leased: 0n })
    end(await silent.begin(50n), 50n)
    await clock.advanceAsync(350)
    expect(await silent.state()).toMatchObject({ spent: 350n })
    expect(silent.authority.rows().map(({ charge }) => charge)).toEqual([300n, 50n])
  })

  /** A replica that has done something and is silent, until another one has taken over for it. */
  async function takenOver<Done>(doing: (silent: Awaited<ReturnType<typeof scene>>) => Promise<Done>) {
    const clock = new FakeClock()
    const silent = await scene({ clock, settings: { whenAway: 'spend-leases' } })
    const done = await doing(silent)
    silent.weather.isAway = true
    await clock.advanceAsync(10_001)
    const other = await scene({ clock, authority: silent.authority })
    await clock.advanceAsync(5_000)
    return { clock, silent, other, done }
  }

  it.each(['join', 'leases'] as const)(
    'holds nothing of what others may have got, where the answer to its %s is lost',
    async loses => {
      const { clock, silent, other } = await takenOver(one => one.hold(300n))
      expect(await other.state()).toMatchObject({ spent: 0n, leased: 0n })
      Object.assign(silent.weather, { isAway: false, loses })
      // Between two pulses, when it asks again.
      await clock.advanceAsync(480)
      expect(await refusalOf(silent.hold(20n))).toMatchObject({ code: 'budget_store_unavailable' })
      expect(await silent.state()).toMatchObject({ spent: 0n, leased: 0n })
      Object.assign(silent.weather, { loses: undefined })
      await clock.advanceAsync(520)
      end(await silent.begin(20n), 15n)
      await silent.ledger.flush()
      // In a journal that it has opened anew, though it never heard that it had joined.
      expect(existsSync(join(root, silent.ledger.replica.id))).toBe(true)
    },
  )

  it('sets money aside anew for a call that was held before', async () => {
    const { clock, silent, other, done: attempt } = await takenOver(one => one.hold(300n))
    expect(await other.state()).toMatchObject({ spent: 0n, leased: 0n })
    const begin = async () => silent.ledger.begin(attempt, 300n)
    expect(await refusalOf(begin())).toMatchObject({ code: 'budget_store_unavailable' })
    end(await other.begin(900n), 900n)
    await other.ledger.flush()
    await close(other.ledger, clock)
    silent.weather.isAway = false
    await clock.advanceAsync(1_000)
    expect(await refusalOf(begin())).toMatchObject({ kind: 'over_budget' })
    expect(await silent.state()).toMatchObject({ spent: 900n })
  })
})

describe('a batch', () => {
  it('gathers rows for a tenth of a second, also while another one is under way', async () => {
    const clock = new FakeClock()
    const authority = new MemoryAuthority({ clock, keepRows: true })
    const post = authority.post.bind(authority)
    const sizes: number[] = []
    authority.post = async (replica, batch) => {
      if (batch.rows.length > 0) sizes.push(batch.rows.length)
      await new Promise<void>(resolve => void clock.after(25, resolve))
      return post(replica, batch)
    }
    const { begin } = await scene({ clock, authority, settings: { backlog: { rows: 100, bytes: 1 << 20 } } })
    for (let row = 0; row < 40; row++) {
      end(await begin(10n, []), 1n)
      await clock.advanceAsync(10)
    }
    await clock.advanceAsync(200)
    expect(authority.rows()).toHaveLength(40)
    expect(sizes.length).toBeLessThanOrEqual(5)
  })

  it('whose answer was lost is posted again and counts once, money given back included', async () => {
    const clock = new FakeClock()
    const authority = new MemoryAuthority({ clock, keepRows: true })
    const post = authority.post.bind(authority)
    let lost = 0
    authority.post = async (replica, batch) => {
      const answer = await post(replica, batch)
      if (lost++ < 2) throw new Error('the answer was lost')
      return answer
    }
    const { begin, state } = await scene({ clock, authority })
    end(await begin(300n), 100n)
    await clock.advanceAsync(120_000)
    expect(lost).toBeGreaterThan(2)
    expect(await state()).toMatchObject({ spent: 100n, leased: 0n })
    expect(authority.rows()).toHaveLength(1)
  })
})
