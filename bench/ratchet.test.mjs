import { expect, it } from 'vitest'
import { judge } from './ratchet.mjs'

const accepted = { compares: true, ratios: { small: { tollgate: 2 } } }
const figure = (ratio, taken) => ({ load: 'small', name: 'tollgate', ratio, taken })
const isWorse = (about, ...figures) => judge(about, figures).map(one => one.isWorse)

it('allows 15 % more than was accepted, and twice as much when the machine was busy', () => {
  expect(isWorse(accepted, figure(2.29, 0), figure(2.31, 0))).toEqual([false, true])
  expect(isWorse(accepted, figure(3.99, 0.5), figure(4.01, 0.5))).toEqual([false, true])
})

it('judges nothing that has not been accepted, or by another Node', () => {
  expect(isWorse({ ...accepted, ratios: {} }, figure(9, 0))).toEqual([false])
  expect(isWorse({ ...accepted, compares: false }, figure(9, 0))).toEqual([false])
})
