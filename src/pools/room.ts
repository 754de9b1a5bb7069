import type { Ms } from '../core/clock.ts'
import type { Deployment } from '../core/deployment.ts'
import type { Vitals } from './vitals.ts'

/** Whether the minute's requests, or all of its tokens, are used. */
export function isUsedUp({ selection }: Deployment, vitals: Vitals, epoch: Ms): boolean {
  const { rpm, tpm, inputTpm, outputTpm } = selection
  return (
    (rpm !== undefined && vitals.requestsThisMinute(epoch) >= rpm) ||
    (tpm !== undefined && vitals.tokensThisMinute(epoch) >= tpm) ||
    (inputTpm !== undefined && vitals.inputTokensThisMinute(epoch) >= inputTpm) ||
    (outputTpm !== undefined && vitals.outputTokensThisMinute(epoch) >= outputTpm)
  )
}

/** Among several replicas: one more call in flight would be more than this one's share of what is left. */
export function lacksPlace(vitals: Vitals, epoch: Ms): boolean {
  if (!vitals.shared) return false
  const left = vitals.maxInFlight - vitals.inFlight
  return !vitals.shared.isWithinShare('inFlight', { left, needed: 1, epoch })
}

/** Among several replicas: one more request would be more than this one's share of what is left of the minute. */
export function lacksRequest({ selection: { rpm } }: Deployment, vitals: Vitals, epoch: Ms): boolean {
  if (!vitals.shared || rpm === undefined) return false
  const left = rpm - vitals.requestsThisMinute(epoch)
  return !vitals.shared.isWithinShare('requests', { left, needed: 1, epoch })
}
