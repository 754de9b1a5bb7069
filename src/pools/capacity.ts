import type { RateLimit } from '../core/caller.ts'
import type { Deployment } from '../core/deployment.ts'
import type { CapacityShare, PriorityReservation } from '../core/limit-settings.ts'
import { byPool } from './records.ts'

/**
 * The capacity of pools as limits that callers share by priority (`priority_reservation`). Only pools all of whose
 * deployments say how much they take have a capacity.
 */
export function capacityLimits(
  deployments: readonly Deployment[],
  reservation: PriorityReservation | undefined,
): readonly RateLimit[] {
  if (!reservation) return []
  const found: RateLimit[] = []
  for (const [pool, members] of byPool(deployments)) {
    const rpm = sumOf(members.map(({ selection }) => selection.rpm))
    const tpm = sumOf(members.map(({ selection }) => selection.tpm))
    if (rpm === undefined && tpm === undefined) continue
    const capacity = { ...(rpm !== undefined && { rpm }), ...(tpm !== undefined && { tpm }) }
    found.push({
      level: 'gateway',
      subject: `capacity/${pool}`,
      pool,
      ...capacity,
      shares: sharesOf(reservation, capacity),
    })
  }
  return found
}

function sharesOf({ shares, defaultShare, saturation }: PriorityReservation, capacity: Capacity) {
  const parts = Object.entries(shares).map(([name, share]) => [name, fractionOf(share, capacity)] as const)
  return { reserved: Object.fromEntries(parts), otherwise: defaultShare, saturation }
}

interface Capacity {
  readonly rpm?: number
  readonly tpm?: number
}

function fractionOf({ kind, value }: CapacityShare, capacity: Capacity): number {
  if (kind === 'percent') return value
  const whole = capacity[kind]
  return whole === undefined || whole === 0 ? 0 : Math.min(value / whole, 1)
}

function sumOf(limits: readonly (number | undefined)[]): number | undefined {
  let sum = 0
  for (const limit of limits) {
    if (limit === undefined) return undefined
    sum += limit
  }
  return sum
}
