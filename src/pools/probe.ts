import type { End } from '../core/answer.ts'
import type { Ms } from '../core/clock.ts'
import type { Deployment } from '../core/deployment.ts'
import type { Failure } from '../core/failure.ts'
import type { ProbeSettings } from '../core/settings.ts'

/** What the latest probe of a deployment has shown. */
export interface ProbeResult {
  /** When it ended: monotonic, and since 1970. */
  readonly at: Ms
  readonly epoch: Ms
  readonly tookMs: Ms
  /** Why it is not well; undefined when it answered. */
  readonly failure: Failure | undefined
}

const INTERVAL_MS: Ms = 300_000

/** Nobody is probed unless somebody asks. */
export const NO_PROBES: ProbeSettings = {
  background: false,
  intervalMs: INTERVAL_MS,
  concurrency: 10,
  steers: false,
  staleMs: 2 * INTERVAL_MS,
  ignoresTransient: false,
  skipsDisabled: false,
}

/** What a probe's end says; undefined when it was stopped and says nothing. */
export function probeResult(end: End, when: Omit<ProbeResult, 'failure'>): ProbeResult | undefined {
  return end.outcome === 'abandoned' ? undefined : { ...when, failure: end.failure }
}

/** Whether a result tells of a deployment that is not well now: old ones do not, nor what is to be ignored. */
export function isBadNews(result: ProbeResult | undefined, settings: ProbeSettings, now: Ms): boolean {
  if (!result?.failure || now - result.at >= settings.staleMs) return false
  return !isIgnored(result.failure, settings)
}

/** LiteLLM's 429 and 408: a limit that was met, and an answer that took too long. */
export function isIgnored({ kind }: Failure, { ignoresTransient }: ProbeSettings): boolean {
  return ignoresTransient && (kind === 'rate_limited' || kind === 'timed_out')
}

/** Whether the probes of this deployment decide about its calls. */
export function isSteered({ pool }: Deployment, { steers, pools }: ProbeSettings): boolean {
  return steers && (pools === undefined || pools.includes(pool))
}

/** How long failed probes count where a policy of allowed failures judges them: two of them must fit in. */
export function probeWindowMs({ intervalMs }: ProbeSettings): Ms {
  return Math.max(60_000, 2 * intervalMs)
}
