import type { Clock, Ms } from '../core/clock.ts'
import type { Available } from './available.ts'
import type { DeploymentVitals } from './deployment-vitals.ts'
import { type Moment, untilNextMinute } from './moment.ts'
import { lacksPlace, lacksRequest } from './room.ts'
import { WaitingLine } from './waiting-line.ts'

export interface PoolLineParts {
  /** Of the pool's deployments. */
  readonly vitals: readonly DeploymentVitals[]
  readonly available: Available
  readonly clock: Clock
}

/** The line in front of a pool: it looks whenever one of the deployments has a place again. */
export function openLine({ vitals, available, clock }: PoolLineParts): WaitingLine {
  const now = (): Moment => ({ monotonic: clock.monotonic(), epoch: clock.now() })
  const all = new Set(vitals.map(one => one.siblings))
  return new WaitingLine({
    isOpen: () => available.at(now()).length > 0,
    nextChangeMs: () => nextChangeMs(vitals, now()),
    onFreed: look => {
      const ends = [...all].map(siblings => siblings.onFreed(look))
      return () => {
        for (const end of ends) end()
      }
    },
    clock,
  })
}

/** How often calls in line look whether their share has grown: as often as replicas tell each other. */
const SHARE_LOOK_MS: Ms = 100

/** Until the minute is over, or somebody's rest. */
function nextChangeMs(vitals: readonly DeploymentVitals[], { monotonic, epoch }: Moment): Ms {
  const isShared = vitals.some(one => lacksPlace(one, epoch) || lacksRequest(one.deployment, one, epoch))
  const ends = vitals.flatMap(one => [one.restingUntil, one.heldOutUntil, one.unwellUntil])
  return Math.min(
    isShared ? SHARE_LOOK_MS : untilNextMinute(epoch),
    ...ends.filter(end => end > monotonic).map(end => end - monotonic),
  )
}
