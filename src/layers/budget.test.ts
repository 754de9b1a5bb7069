import { describe, expect, it } from 'vitest'
import { callTo, chat } from '../../test/support/calls.ts'
import { deployment } from '../../test/support/settings.ts'
import { budgetOf, openTill, refusalOf } from '../../test/support/till.ts'
import { Answer } from '../core/answer.ts'
import type { BudgetTerms } from '../core/budget.ts'
import type { Call } from '../core/call.ts'
import { plainCaller } from '../core/caller.ts'
import { Failure } from '../core/failure.ts'
import type { JsonObject } from '../core/json.ts'
import type { Request } from '../core/request.ts'
import { BearersOf } from '../ledger/replica/bearers.ts'
import { type BudgetOptions, budget } from './budget.ts'

const key = budgetOf('k', 1_000n)
const team = budgetOf('t', 700n, { level: 'team' })
const one = deployment({ id: 'a', pool: 'p', baseUrl: 'http://127.0.0.1' })

/** A call costs a nano-dollar per token of output, and 100 besides. */
function worst(call: Call, request: Request = call.request) {
  const { max_tokens: tokens } = request.body
  return 100n + BigInt(typeof tokens === 'number' ? tokens : 4_000)
}

async function scene(options: Partial<BudgetOptions> = {}) {
  const till = await openTill()
  const bearers = new BearersOf([])
  const sent: Call[] = []
  const answers: Answer[] = []
  const layer = budget({
    whenShort: 'refuse',
    worst,
    ledger: {
      isBounded: call => bearers.call(call).bounded.length > 0,
      hold: (call, amount) => till.book.hold(bearers.call(call).bounded, amount),
    },
    ...options,
  })
  const handler = layer(async call => {
    sent.push(call)
    const answer = new Answer(one, true, { pause() {}, resume() {}, abort() {} })
    answers.push(answer)
    return answer
  })
  const begin = (body: JsonObject, budgets: readonly BudgetTerms[] = [key]) =>
    callTo('p', { request: chat(body), options: { caller: { ...plainCaller('k'), budgets } } })
  /** What is under lease when all that is free has gone back. */
  const held = async () => {
    await till.post(till.book.takeIdle([key.id]))
    return (await till.stateOf(key))?.leased ?? 0n
  }
  return { till, layer, handler, sent, answers, begin, held }
}

describe('the budget of a call', () => {
  it('lets calls pass untouched that nothing bounds', async () => {
    const { handler, sent } = await scene({
      worst: () => {
        throw new Error('nobody needs to know')
      },
    })
    const call = callTo('p')
    await handler(call)
    expect(sent).toEqual([call])
    expect(sent[0]).toBe(call)
  })

  it.each<[string, (answer: Answer) => void]>([
    ['complete', answer => answer.complete()],
    ['broken off', answer => answer.fail(new Failure('broken_off', 'cut'))],
  ])('holds the worst price until the answer is %s', async (_, end) => {
    const { handler, begin, answers, sent, held } = await scene()
    await handler(begin({ max_tokens: 400 }))
    expect(sent[0]?.hold?.left).toBe(500n)
    expect(await held()).toBe(500n)
    for (const answer of answers) end(answer)
    expect(await held()).toBe(0n)
  })

  it('gives it back when nobody answers', async () => {
    const { layer, begin, held } = await scene()
    const refuse = layer(() => Promise.reject(new Failure('unavailable', 'nobody is left')))
    expect(await refusalOf(refuse(begin({ max_tokens: 400 })))).toMatchObject({ kind: 'unavailable' })
    expect(await held()).toBe(0n)
  })

  it('gives it back, and dials nobody, when the client leaves while it waits for money', async () => {
    const { handler, begin, sent, held } = await scene()
    const call = begin({ max_tokens: 400 })
    const answer = handler(call)
    call.cancellation.cancel(new Failure('cancelled', 'left'))
    expect(await refusalOf(answer)).toMatchObject({ kind: 'cancelled' })
    expect(sent).toEqual([])
    expect(await held()).toBe(0n)
  })

  it('refuses, and dials nobody, when it does not suffice or nobody knows the price', async () => {
    const { handler, begin, sent } = await scene()
    expect(await refusalOf(handler(begin({ max_tokens: 901 })))).toMatchObject({
      kind: 'over_budget',
      remaining: 1_000n,
    })
    const unpriced = await scene({
      worst: () => {
        throw new Failure('unpriced', 'nobody knows')
      },
    })
    expect(await refusalOf(unpriced.handler(unpriced.begin({})))).toMatchObject({ kind: 'unpriced' })
    expect(sent).toEqual([])
  })
})

describe('a call that is lowered', () => {
  it('asks for the tokens that the remainder pays', async () => {
    const { handler, begin, sent } = await scene({ whenShort: 'lower' })
    await handler(begin({ max_tokens: 5_000 }))
    expect(sent[0]?.request.body.max_tokens).toBe(900)
    expect(sent[0]?.hold?.left).toBe(1_000n)
  })

  it('is not lowered when there is enough, and never asks for more than the client', async () => {
    const { handler, begin, sent } = await scene({ whenShort: 'lower' })
    const call = begin({ max_tokens: 300 })
    await handler(call)
    expect(sent[0]?.request).toBe(call.request)
  })

  it('is lowered to what the poorest of its budgets pays', async () => {
    const { handler, begin, sent } = await scene({ whenShort: 'lower' })
    await handler(begin({ max_tokens: 5_000 }, [key, team]))
    expect(sent[0]?.request.body.max_tokens).toBe(600)
  })

  it('is refused when not even a few tokens are paid for', async () => {
    const { handler, begin, sent } = await scene({ whenShort: 'lower' })
    const poor = budgetOf('poor', 110n)
    expect(await refusalOf(handler(begin({ max_tokens: 5_000 }, [poor])))).toMatchObject({ kind: 'over_budget' })
    expect(sent).toEqual([])
  })
})
