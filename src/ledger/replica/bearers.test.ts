import { describe, expect, it } from 'vitest'
import { attemptAt, callTo } from '../../../test/support/calls.ts'
import { deployment } from '../../../test/support/settings.ts'
import { budgetOf } from '../../../test/support/till.ts'
import { type BudgetTerms, budgetId } from '../../core/budget.ts'
import { plainCaller } from '../../core/caller.ts'
import { BearersOf } from './bearers.ts'

const key = budgetOf('k', 1_000n)
const tag = budgetOf('nightly', 5n, { level: 'tag' })
const provider = budgetOf('openai', 7n, { level: 'provider' })
const place = budgetOf('d1', 8n, { level: 'deployment' })
const gateway = budgetOf('', 99n, { level: 'gateway' })

const caller = (...budgets: BudgetTerms[]) => ({ ...plainCaller('k'), budgets })
const idsOf = ({ bounded, counted }: ReturnType<BearersOf['call']>) => ({
  bounded: bounded.map(({ id }) => id),
  counted: counted.map(({ terms }) => terms.id),
})

describe('who bears a call', () => {
  it('are the budgets of its caller and the gateway, which counts also where nothing bounds it', () => {
    const call = callTo('p', { options: { caller: caller(key, budgetOf('u', undefined, { level: 'user' })) } })
    expect(idsOf(new BearersOf([]).call(call))).toEqual({ bounded: ['key|k'], counted: ['user|u', 'gateway|'] })
    expect(idsOf(new BearersOf([gateway]).call(call)).bounded).toEqual(['key|k', 'gateway|'])
    expect(idsOf(new BearersOf([]).call(callTo('p')))).toEqual({ bounded: [], counted: ['gateway|'] })
  })

  it('are those of its tags that have any', () => {
    const bearers = new BearersOf([tag])
    expect(idsOf(bearers.call(callTo('p', { options: { tags: ['x', 'nightly'] } }))).bounded).toEqual(['tag|nightly'])
    expect(idsOf(bearers.call(callTo('p', { options: { tags: ['x'] } }))).bounded).toEqual([])
    expect(idsOf(bearers.call(callTo('p', { options: { tags: ['nightly', 'nightly'] } }))).bounded).toEqual([
      'tag|nightly',
    ])
  })

  it('are those of its pool alone, by the name that was asked for or the one it became', () => {
    const ofP = budgetOf('k', 3n, { id: budgetId({ level: 'key', subject: 'k', pool: 'p' }), pool: 'p' })
    const owner = caller(key, ofP)
    const bearers = new BearersOf([])
    const asks = (pool: string, asked: string) => {
      const call = callTo(asked, { options: { caller: owner } })
      return idsOf(bearers.call({ ...call, pool })).bounded
    }
    expect(asks('p', 'p')).toEqual(['key|k', ofP.id])
    expect(asks('q', 'q')).toEqual(['key|k'])
    expect(asks('p', 'auto')).toContain(ofP.id)
    expect(asks('q', 'p')).toContain(ofP.id)
    for (let number = 0; number < 300; number++) asks(`made-up-${number}`, 'x')
    expect(asks('p', 'p')).toEqual(['key|k', ofP.id])
  })

  it('are one of each id: the one that bounds', () => {
    const open = { ...gateway, limit: undefined }
    const call = callTo('p', { options: { caller: caller(open) } })
    expect(idsOf(new BearersOf([gateway]).call(call))).toEqual({ bounded: ['gateway|'], counted: [] })
  })

  it('are found once per caller and pool', () => {
    const bearers = new BearersOf([])
    const call = callTo('p', { options: { caller: caller(key) } })
    expect(bearers.call(call)).toBe(bearers.call(call))
  })

  it('of an attempt are those of the deployment and its provider', () => {
    const at = (id: string, name = 'openai') =>
      attemptAt(deployment({ id, pool: 'p', baseUrl: 'http://x', provider: name }))
    const bearers = new BearersOf([provider, place])
    expect(idsOf(bearers.attempt(at('d1'))).bounded).toEqual([provider.id, place.id])
    expect(idsOf(bearers.attempt(at('d2'))).bounded).toEqual([provider.id])
    expect(idsOf(bearers.attempt(at('d2', 'mistral'))).bounded).toEqual([])
    expect(idsOf(new BearersOf([]).attempt(at('d1')))).toEqual({ bounded: [], counted: [] })
  })
})
