import type { Ms } from '../core/clock.ts'
import type { Deployment, ErrorClass } from '../core/deployment.ts'
import type { Failure } from '../core/failure.ts'
import type { CooldownSettings } from '../core/settings.ts'
import type { DeploymentVitals } from './deployment-vitals.ts'
import { countFor, errorClassOf } from './error-class.ts'

/** No `Retry-After` holds a deployment out for longer. */
export const MAX_RETRY_AFTER_MS: Ms = 300_000

/** The automatic rule judges a deployment by its share of failures from this many attempts within 60 s on. */
const ENOUGH_ATTEMPTS = 5

/**
 * How long a deployment rests after `failure`, which has been counted; 0 for not at all.
 *
 * Explicit rule, where an operator has set a number of allowed failures: it rests when its failures within a sliding
 * 60 s, at all replicas, exceed them, though it be the last one. Automatic rule, otherwise: it rests at a 429, when more than half of at
 * least 5 attempts failed (both in pools of two or more), and when it refuses our credentials or does not know the
 * model; but never the last available one of its pool.
 */
export function restMs(
  settings: CooldownSettings,
  vitals: DeploymentVitals,
  { failure, now }: { readonly failure: Failure; readonly now: Ms },
): Ms {
  const { lengthMs, allowed } = sentence(settings, vitals.deployment, failure)
  if (lengthMs <= 0) return 0
  const rests = allowed
    ? allowed.failures(vitals, now) > allowed.count
    : isUnfit(vitals, failure, now) && !isLast(vitals, now)
  return rests ? lengthMs : 0
}

/** How long it rests when this failure is one too many by the explicit rule; 0 where that rule does not speak of it. */
export function orderedRestMs(settings: CooldownSettings, deployment: Deployment, failure: Failure): Ms {
  const { lengthMs, allowed } = sentence(settings, deployment, failure)
  return allowed ? lengthMs : 0
}

interface Sentence {
  /** 0: no rest follows from this failure, however many there were. */
  readonly lengthMs: Ms
  /** Undefined under the automatic rule. */
  readonly allowed?: Allowance | undefined
}

const NO_REST: Sentence = { lengthMs: 0 }

function sentence(settings: CooldownSettings, deployment: Deployment, failure: Failure): Sentence {
  const errorClass = errorClassOf(failure)
  if (settings.disabled || !failure.verdict.blames || !errorClass) return NO_REST
  const lengthMs = restLength(settings, deployment, failure)
  return lengthMs > 0 ? { lengthMs, allowed: allowance(settings, deployment, errorClass) } : NO_REST
}

/**
 * Whether a deployment rests because another replica says so. The automatic rule spares the last available one here too:
 * two replicas that each let the other one's last deployment rest would have nobody left.
 */
export function believesRest(settings: CooldownSettings, vitals: DeploymentVitals, about: RestTold): boolean {
  const errorClass = errorClassOf(about.failure)
  const isOrdered = errorClass !== undefined && allowance(settings, vitals.deployment, errorClass) !== undefined
  return !settings.disabled && (isOrdered || !isLast(vitals, about.now))
}

interface RestTold {
  readonly failure: Failure
  readonly now: Ms
}

/** How long the upstream's own `Retry-After` keeps calls away; an operator's shorter cooldown of this deployment wins. */
export function holdOutMs(settings: CooldownSettings, deployment: Deployment, failure: Failure): Ms {
  const wish = retryAfter(failure)
  if (!wish || settings.disabled || !failure.verdict.blames) return 0
  const own = deployment.health.cooldownMs
  if (own !== undefined) return Math.min(own, wish)
  return settings.restMs > 0 ? wish : 0
}

function restLength(settings: CooldownSettings, { health }: Deployment, failure: Failure): Ms {
  if (health.cooldownMs !== undefined) return health.cooldownMs
  return settings.restMs > 0 ? (retryAfter(failure) ?? settings.restMs) : 0
}

/** `Retry-After: 0` counts as absent. */
function retryAfter({ retryAfterMs }: Failure): Ms | undefined {
  return retryAfterMs && retryAfterMs > 0 ? Math.min(retryAfterMs, MAX_RETRY_AFTER_MS) : undefined
}

interface Allowance {
  /** How many are tolerated. */
  readonly count: number
  /** The failures that the number speaks of. */
  failures(vitals: DeploymentVitals, now: Ms): number
}

/**
 * The number of failures tolerated: the deployment's settings before the router's, and in each the class's own entry
 * before the general number. A class with an own entry is counted alone; the general number counts the other classes
 * together, so that tolerating a hundred timeouts does not use up the patience for everything else.
 */
function allowance(settings: CooldownSettings, { health }: Deployment, errorClass: ErrorClass): Allowance | undefined {
  const levels = [
    { policy: health.allowedFailsPolicy, general: health.allowedFails },
    { policy: settings.policy, general: settings.allowedFails },
  ]
  for (const { policy, general } of levels) {
    const own = policy?.[errorClass]
    if (own !== undefined) return { count: own, failures: (vitals, now) => vitals.failuresOf(errorClass, now) }
    const count = countFor(policy, errorClass) ?? general
    if (count === undefined) continue
    return { count, failures: (vitals, now) => vitals.failures(now, other => policy?.[other] === undefined) }
  }
  return undefined
}

function isUnfit(vitals: DeploymentVitals, { kind }: Failure, now: Ms): boolean {
  if (kind === 'refused_credentials' || kind === 'unknown_upstream_model') return true
  if (vitals.siblings.members.size < 2) return false
  if (kind === 'rate_limited') return true
  const judged = vitals.judged(now)
  return judged >= ENOUGH_ATTEMPTS && vitals.ownFailures(now) * 2 > judged
}

function isLast(vitals: DeploymentVitals, now: Ms): boolean {
  for (const other of vitals.siblings.members) if (other !== vitals && other.isAvailable(now)) return false
  return true
}
