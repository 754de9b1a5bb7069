import type { Ms } from '../core/clock.ts'
import type { Deployment } from '../core/deployment.ts'
import type { Failure } from '../core/failure.ts'
import type { ProbeSettings } from '../core/settings.ts'
import type { DeploymentVitals } from './deployment-vitals.ts'
import { isBadNews, NO_PROBES, type ProbeResult } from './probe.ts'

/** One deployment's state, for `/health`. */
export interface DeploymentHealth {
  readonly deployment: Deployment
  /** It takes calls, and its latest probe, if there is a fresh one, was answered. */
  readonly isWell: boolean
  /** 0 when it takes calls. */
  readonly restsForMs: Ms
  /** Why it rests, or what its probe failed with. */
  readonly because: Failure | undefined
  /** Undefined while nobody has probed it. */
  readonly probe: ProbeResult | undefined
}

/** What is known of a deployment at `now`, monotonic. */
export function healthOf(
  { deployment, restingUntil, restingBecause, probe }: DeploymentVitals,
  { probes = NO_PROBES, now }: { readonly probes: ProbeSettings | undefined; readonly now: Ms },
): DeploymentHealth {
  const restsForMs = Math.max(0, restingUntil - now)
  const failsProbes = isBadNews(probe, probes, now)
  const because = restsForMs > 0 ? restingBecause : failsProbes ? probe?.failure : undefined
  return { deployment, isWell: restsForMs === 0 && !failsProbes, restsForMs, because, probe }
}
