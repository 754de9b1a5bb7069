import type { Deployment } from '../../core/deployment.ts'
import type { Candidate } from '../strategy.ts'

/** The place of a deployment in its pool: smaller first, those without an `order` last (Infinity). */
export function orderOf({ selection }: Deployment): number {
  return selection.order ?? Number.POSITIVE_INFINITY
}

/** Those of the smallest order above `after`. The same list when that is all of them. */
export function byOrder(candidates: readonly Candidate[], after = Number.NEGATIVE_INFINITY): readonly Candidate[] {
  let smallest: number | undefined
  for (const { deployment } of candidates) {
    const order = orderOf(deployment)
    if (order > after && (smallest === undefined || order < smallest)) smallest = order
  }
  if (smallest === undefined) return []
  if (candidates.every(({ deployment }) => orderOf(deployment) === smallest)) return candidates
  return candidates.filter(({ deployment }) => orderOf(deployment) === smallest)
}

/** Why its order left one out, in words. */
export function explainOrder({ deployment }: Candidate): string {
  return deployment.selection.order === undefined
    ? 'comes after those with an order'
    : `its order is ${orderOf(deployment)}`
}
