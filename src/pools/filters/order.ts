import type { Deployment } from '../../core/deployment.ts'
import type { Candidate } from '../strategy.ts'

/** The place of a deployment in its pool: smaller first, those without an `order` last (Infinity). */
export function orderOf({ selection }: Deployment): number {
  return selection.order ?? Number.POSITIVE_INFINITY
}

/** Those of the wanted order, or of the smallest there is. The same list when all are of it. */
export function byOrder(candidates: readonly Candidate[], wanted?: number): readonly Candidate[] {
  const order = wanted ?? smallestOrder(candidates)
  if (candidates.every(({ deployment }) => orderOf(deployment) === order)) return candidates
  return candidates.filter(({ deployment }) => orderOf(deployment) === order)
}

function smallestOrder(candidates: readonly Candidate[]): number {
  let smallest = Number.POSITIVE_INFINITY
  for (const { deployment } of candidates) smallest = Math.min(smallest, orderOf(deployment))
  return smallest
}

export function explainOrder({ deployment }: Candidate): string {
  return deployment.selection.order === undefined
    ? 'comes after those with an order'
    : `its order is ${orderOf(deployment)}`
}
