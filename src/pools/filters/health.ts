import { type Moment, showMs } from '../moment.ts'
import type { Filter } from './filter.ts'

/** Taken out by the operator. */
export const blocked: Filter<Moment> = {
  why: 'blocked',
  excludes: ({ deployment }) => deployment.selection.blocked === true,
  explain: () => 'blocked by the operator',
}

/** Rests after failures. */
export const resting: Filter<Moment> = {
  why: 'resting',
  excludes: ({ vitals }, { monotonic }) => vitals.restingUntil > monotonic,
  explain({ vitals }, { monotonic }) {
    const because = vitals.restingBecause ? `, after ${vitals.restingBecause.kind}` : ''
    return `resting ${showMs(vitals.restingUntil - monotonic)} more${because}`
  },
}

/** Its upstream asked us to stay away. */
export const heldOut: Filter<Moment> = {
  why: 'held-out',
  excludes: ({ vitals }, { monotonic }) => vitals.heldOutUntil > monotonic,
  explain: ({ vitals }, { monotonic }) => `its upstream asked to wait ${showMs(vitals.heldOutUntil - monotonic)} more`,
}
