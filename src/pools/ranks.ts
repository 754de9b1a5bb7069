import type { Random } from '../core/clock.ts'
import type { GroupSettings } from '../core/settings.ts'
import type { PoolOrder } from './tier.ts'

/** The order of a group by priority; those of equal priority come in any order, each as likely. Undefined of any other. */
export function orderOfRanks(group: GroupSettings | undefined, random: Random): PoolOrder | undefined {
  if (group?.by !== 'priority') return undefined
  const [first, ...rest] = group.ranks.flatMap(rank => shuffled(rank, random))
  return first === undefined ? undefined : { first, rest, reason: `by priority: ${[first, ...rest].join(', ')}` }
}

/** Fisher and Yates, in Durstenfeld's form (Communications of the ACM, 1964). */
function shuffled(pools: readonly string[], random: Random): readonly string[] {
  const mixed = [...pools]
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const pool = mixed[other]
    mixed[other] = mixed[last] ?? ''
    mixed[last] = pool ?? ''
  }
  return mixed
}
