import { describe, expect, it } from 'vitest'
import { AN_HOUR, budgetOf, openTill, refusalOf, type Till, takenOf } from '../../../test/support/till.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import type { Authority, LeaseAnswer } from '../authority.ts'
import { MemoryAuthority } from '../memory-authority.ts'

const key = budgetOf('k', 1_000n)
const other = budgetOf('o', 1_000n)

/** A question to the authority that the test lets through when it likes. */
interface Question {
  readonly groups: Parameters<Authority['lease']>[1]
  answer(): void
  give(answers: readonly LeaseAnswer[]): void
  fail(error: Error): void
}

/** A till whose authority answers when it is told to. */
async function slowTill() {
  const questions: Question[] = []
  const till: Till = await openTill('r1', {
    lease: (replica, groups) =>
      new Promise((resolve, reject) => {
        const answer = () => void till.authority.lease(replica, groups).then(resolve, reject)
        questions.push({ groups, answer, give: resolve, fail: reject })
      }),
  })
  return { till, questions }
}

/** What has become of it so far. */
function watch<Value>(work: Promise<Value>) {
  const seen: { value?: Value; error?: unknown } = {}
  work.then(
    value => (seen.value = value),
    error => (seen.error = error),
  )
  return seen
}

const turn = () => new Promise(resolve => setImmediate(resolve))

describe('calls that wait for money', () => {
  it('are brought before the authority together, those that come meanwhile with the next question', async () => {
    const { till, questions } = await slowTill()
    const first = till.hold([key], 100n)
    const later = [till.hold([key], 200n), till.hold([other], 300n)]
    expect(questions.map(({ groups }) => groups.length)).toEqual([1])
    questions[0]?.answer()
    await first
    await turn()
    expect(questions.map(({ groups }) => groups.length)).toEqual([1, 2])
    questions[1]?.answer()
    expect((await Promise.all(later)).map(hold => hold.left)).toEqual([200n, 300n])
  })

  it('are served in the order in which they came, and are overtaken by nobody', async () => {
    const { till, questions } = await slowTill()
    const served: number[] = []
    const small = till.hold([key], 100n)
    questions[0]?.answer()
    await small
    const wait = (number: number, amount: bigint) =>
      till.hold([key], amount).then(
        () => served.push(number),
        () => served.push(-number),
      )
    const calls = [wait(1, 600n), wait(2, 200n), wait(3, 300n), wait(4, 100n)]
    for (let number = 1; served.length < calls.length; number++) {
      await turn()
      questions[number]?.answer()
    }
    // The third found too little left; the fourth came after it and needs less.
    expect(served.filter(number => number > 0)).toEqual([1, 2, 4])
    expect(served).toContain(-3)
  })

  it('find money that is free counted once', async () => {
    const till = await openTill()
    const hold = await till.hold([key], 400n)
    till.clock.advance(2_000)
    till.contact.heard(till.clock.monotonic())
    hold.release()
    const holds = await Promise.all([till.hold([key, other], 300n), till.hold([key, other], 300n)])
    expect(holds.map(({ left }) => left)).toEqual([300n, 300n])
    expect(holds.flatMap(({ purses }) => takenOf(purses))[0]).toBe(600n)
  })
})

describe('an authority that is away', () => {
  it('and says nothing refuses who waits within 800 ms, also those that came later, and keeps money that comes too late', async () => {
    const { till, questions } = await slowTill()
    const first = watch(till.hold([key], 100n))
    await till.clock.advanceAsync(300)
    const second = watch(till.hold([key], 200n))
    await till.clock.advanceAsync(499)
    expect(first.error).toBeUndefined()
    await till.clock.advanceAsync(1)
    expect(first.error).toMatchObject({ kind: 'unavailable', code: 'budget_store_unavailable', retryAfterMs: 1_000 })
    expect(second.error).toMatchObject({ code: 'budget_store_unavailable' })
    expect(questions).toHaveLength(1)
    expect(till.doubts).toBe(1)
    questions[0]?.answer()
    await turn()
    till.contact.heard(till.clock.monotonic())
    // It was lent after all: whoever comes next finds it.
    expect(till.book.hold([key], 100n)).not.toBeInstanceOf(Promise)
  })

  it('is not asked again about a budget while an old question has no answer', async () => {
    const { till, questions } = await slowTill()
    const first = watch(till.hold([key], 100n))
    await till.clock.advanceAsync(1_000)
    till.contact.heard(till.clock.monotonic())
    expect(first.error).toMatchObject({ code: 'budget_store_unavailable' })
    expect(await refusalOf(till.hold([other, key], 1n))).toMatchObject({ code: 'budget_store_unavailable' })
    expect(questions).toHaveLength(1)
    const elsewhere = till.hold([other], 1n)
    questions[1]?.answer()
    expect((await elsewhere).left).toBe(1n)
    questions[0]?.fail(new Error('a lock did not come'))
    await turn()
    const again = till.hold([key], 1n)
    questions[2]?.answer()
    expect((await again).left).toBe(1n)
  })

  it('is not asked for 200 ms after a failure, and again after them', async () => {
    const { till, questions } = await slowTill()
    const first = watch(till.hold([key], 100n))
    questions[0]?.fail(new Error('the connection was refused'))
    await turn()
    expect(first.error).toMatchObject({
      code: 'budget_store_unavailable',
      cause: { message: 'the connection was refused' },
    })
    expect(await refusalOf(till.hold([key], 100n))).toMatchObject({ code: 'budget_store_unavailable' })
    expect(questions).toHaveLength(1)
    till.clock.advance(200)
    const again = till.hold([key], 100n)
    await turn()
    questions[1]?.answer()
    expect((await again).left).toBe(100n)
  })

  it('is asked before anything is held when it was not heard of for a second, even if nothing is short', async () => {
    const { till, questions } = await slowTill()
    const first = till.hold([key], 100n)
    questions[0]?.answer()
    const hold = await first
    hold.release()
    till.clock.advance(1_000)
    const again = till.book.hold([key], 100n)
    expect(again).toBeInstanceOf(Promise)
    await turn()
    expect(questions[1]?.groups).toMatchObject([[{ need: 0n }]])
    questions[1]?.fail(new Error('gone'))
    expect(await refusalOf(Promise.resolve(again))).toMatchObject({ code: 'budget_store_unavailable' })
  })

  it('for its pulses alone lends, and nothing is held until one is answered, for which calls wait 600 ms', async () => {
    const till = await openTill()
    till.clock.advance(1_000)
    const patient = watch(till.hold([key], 100n))
    await till.clock.advanceAsync(560)
    expect(patient).toEqual({})
    till.contact.heard(till.clock.monotonic())
    await till.clock.advanceAsync(40)
    expect(patient.value?.left).toBe(100n)
    till.clock.advance(1_000)
    const refused = watch(till.hold([key], 100n))
    await till.clock.advanceAsync(640)
    expect(refused.error).toMatchObject({ code: 'budget_store_unavailable' })
  })

  it('throws at once', async () => {
    const till = await openTill('r1', { lease: () => Promise.reject(new Error('no such host')) })
    expect(await refusalOf(till.hold([key], 1n))).toMatchObject({ kind: 'unavailable' })
  })
})

describe('a budget that is lent to others', () => {
  async function twoTills() {
    const clock = new FakeClock()
    const authority = new MemoryAuthority({ clock, keepRows: true })
    return {
      clock,
      rich: await openTill('rich', { clock, authority }),
      poor: await openTill('poor', { clock, authority }),
    }
  }

  it('is waited for until they give back what they do not need', async () => {
    const { clock, rich, poor } = await twoTills()
    const hold = await rich.hold([key], 900n)
    const waits = watch(poor.hold([key], 500n))
    await turn()
    hold.release()
    const { scarce } = await rich.authority.pulse('rich', AN_HOUR)
    expect(scarce).toEqual([key.id])
    await rich.post(rich.book.takeIdle(scarce))
    await clock.advanceAsync(40)
    expect(waits.value?.left).toBe(500n)
  })

  it('is waited for 600 ms at most, and then refused with how it stands', async () => {
    const { clock, rich, poor } = await twoTills()
    await rich.hold([key], 900n)
    const waits = watch(poor.hold([key], 500n))
    await clock.advanceAsync(560)
    expect(waits).toEqual({})
    await clock.advanceAsync(80)
    expect(waits.error).toMatchObject({ kind: 'over_budget', remaining: 88n })
    // Money that was taken meanwhile for nobody goes back; the rich one has leased an eighth of the rest beforehand.
    await poor.post([...poor.hurried, ...poor.book.takeIdle([key.id])])
    expect(await poor.stateOf(key)).toMatchObject({ leased: 912n })
  })

  it('is not waited for when even all of it would not suffice', async () => {
    const { rich, poor } = await twoTills()
    const spent = await rich.hold([key], 600n)
    spent.charge(600n)
    await rich.post([], [{ hold: spent, charge: 600n }])
    await rich.post(rich.book.takeIdle([key.id]))
    await rich.hold([key], 200n)
    expect(await refusalOf(poor.hold([key], 500n))).toMatchObject({ kind: 'over_budget', remaining: 200n })
  })
})

describe('an answer about a window that is over', () => {
  it('leaves the money of the present one where it is, though it comes late', async () => {
    const { till, questions } = await slowTill()
    const hourly = budgetOf('h', 1_000n, { period: 'hour' })
    till.clock.advance(AN_HOUR - 1)
    till.contact.heard(till.clock.monotonic())
    const early = watch(till.hold([hourly], 100n))
    const { groups } = questions[0] ?? { groups: [] }
    // It was lent before the hour was over, and the answer is long under way.
    const lent = await till.authority.lease('r1', groups)
    await till.clock.advanceAsync(1_000)
    expect(early.error).toBeDefined()
    questions[0]?.give(lent)
    await turn()
    till.contact.heard(till.clock.monotonic())
    const late = till.hold([hourly], 300n)
    await turn()
    questions[1]?.answer()
    const hold = await late
    till.contact.heard(till.clock.monotonic())
    expect(till.book.reconcile(await till.authority.leases('r1'))).toEqual([])
    hold.release()
    expect(till.book.hold([hourly], 300n)).not.toBeInstanceOf(Promise)
  })
})
