import type { Answer } from '../core/answer.ts'
import type { Attempt } from '../core/call.ts'
import type { Clock } from '../core/clock.ts'
import { follow, type Layer } from '../core/handler.ts'
import type { RoutingSettings } from '../core/settings.ts'
import type { EstimateCall } from './pool.ts'
import { own } from './records.ts'
import type { Reservation, Ticket, Ward } from './ward.ts'

/** The tokens an attempt is to hold of its minute; undefined where nobody counts them beforehand. */
export type Reserve = (attempt: Attempt) => Reservation | undefined

/**
 * Keeps the vitals: in flight to the last byte, the time to the first content and to the end, failures and rests. It
 * counts the attempt before it first waits. Without `reserve` only real usage counts against the minute's tokens.
 */
export const vitalsLayer =
  (ward: Ward, clock: Clock, reserve?: Reserve): Layer<Attempt> =>
  next =>
    function vitals(attempt) {
      const ticket = ward.begin(attempt, reserve?.(attempt))
      const answer = follow(next, attempt, end => ward.end(ticket, end))
      // Of a whole answer only the end is sampled.
      return attempt.request.streamed ? sampleFirst(answer, { ward, ticket, clock }) : answer
    }

async function sampleFirst(
  beginning: Promise<Answer>,
  { ward, ticket, clock }: { readonly ward: Ward; readonly ticket: Ticket; readonly clock: Clock },
): Promise<Answer> {
  const answer = await beginning
  const { firstAt, start } = ticket.attempt.attempt
  ward.first(ticket, (firstAt ?? clock.monotonic()) - start)
  return answer
}

/** Reserves the estimated tokens where a limit or a usage-based strategy looks at them. */
export function reservation(
  { strategy, poolStrategies }: Pick<RoutingSettings, 'strategy' | 'poolStrategies'>,
  estimate: EstimateCall,
): Reserve {
  return attempt => {
    const { pool, selection } = attempt.deployment
    const { tpm, inputTpm, outputTpm } = selection
    const byUsage = (own(poolStrategies, pool) ?? strategy).name.startsWith('usage-based')
    const isCounted = byUsage || (tpm ?? inputTpm ?? outputTpm) !== undefined
    return isCounted ? estimate(attempt.deployment, attempt) : undefined
  }
}
