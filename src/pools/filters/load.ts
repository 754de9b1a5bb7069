import { isUsedUp } from '../deployment-vitals.ts'
import { type Moment, showMs, untilNextMinute } from '../moment.ts'
import type { Candidate } from '../strategy.ts'
import type { CallFilter, Filter, Question } from './filter.ts'

/** As many attempts in flight as it may have. */
export const full: Filter<Moment> = {
  why: 'full',
  excludes: ({ vitals }) => vitals.inFlight >= vitals.maxInFlight,
  explain: ({ vitals }) => `full: ${vitals.inFlight} of ${vitals.maxInFlight} in flight`,
}

/** The requests or the tokens of this minute are used up for every call. */
export const usedUp: Filter<Moment> = {
  why: 'rate-limits',
  excludes: ({ deployment, vitals }, { epoch }) => isUsedUp(deployment, vitals, epoch),
  explain({ deployment, vitals }, { epoch }) {
    const { rpm } = deployment.selection
    const requests = vitals.requestsThisMinute(epoch)
    const what =
      rpm !== undefined && requests >= rpm
        ? `${requests} of ${rpm} requests`
        : `${vitals.tokensThisMinute(epoch)} tokens, all of them,`
    return `${what} used this minute, ${showMs(untilNextMinute(epoch))} to go`
  },
}

/** The tokens that are left of this minute are too few for this call. */
export const tooFewTokens: CallFilter = {
  why: 'rate-limits',
  concerns: () => true,
  excludes: (candidate, question) => shortOf(candidate, question) !== undefined,
  explain: (candidate, question) => shortOf(candidate, question) ?? '',
}

/** Whether the call fits the limits of a minute in which nothing else is asked: if not, no waiting helps. */
export function fitsAlone(candidate: Candidate, { call }: Question): boolean {
  const { tpm, inputTpm, outputTpm } = candidate.deployment.selection
  if ((tpm ?? inputTpm ?? outputTpm) === undefined) return true
  const { inputTokens, outputTokens } = candidate.estimate(call)
  return (
    inputTokens + outputTokens <= (tpm ?? Number.POSITIVE_INFINITY) &&
    inputTokens <= (inputTpm ?? Number.POSITIVE_INFINITY) &&
    outputTokens <= (outputTpm ?? Number.POSITIVE_INFINITY)
  )
}

/** Which of the limits the call would pass, in words. */
function shortOf(candidate: Candidate, { call, epoch }: Question): string | undefined {
  const { tpm, inputTpm, outputTpm } = candidate.deployment.selection
  if ((tpm ?? inputTpm ?? outputTpm) === undefined) return undefined
  const { vitals } = candidate
  const { inputTokens, outputTokens } = candidate.estimate(call)
  const limits = [
    ['tokens', tpm, vitals.tokensThisMinute(epoch), inputTokens + outputTokens],
    ['input tokens', inputTpm, vitals.inputTokensThisMinute(epoch), inputTokens],
    ['output tokens', outputTpm, vitals.outputTokensThisMinute(epoch), outputTokens],
  ] as const
  for (const [unit, limit, used, needed] of limits) {
    if (limit !== undefined && used + needed > limit)
      return `${used} of ${limit} ${unit} used this minute, ${needed} more needed`
  }
  return undefined
}
