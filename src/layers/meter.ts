import type { Answer, End } from '../core/answer.ts'
import type { Attempt } from '../core/call.ts'
import type { Charge } from '../core/charge.ts'
import { follow, type Layer } from '../core/handler.ts'
import type { NanoUsd } from '../core/money.ts'
import type { RateCard } from '../core/price.ts'
import type { Request } from '../core/request.ts'
import type { Usage } from '../core/usage.ts'
import { withUnsaid } from './unsaid-usage.ts'
import type { UnseenOutput } from './unseen-output.ts'

export interface MeterOptions {
  readonly costOf: (card: RateCard, usage: Usage) => NanoUsd
  /** Whether anybody knows all that a usage is charged by; else its cost is a lower bound. */
  readonly isPriced: (card: RateCard, usage: Usage) => boolean
  /** What is charged for a cost. Undefined: the cost itself. */
  readonly chargeOf?: ((attempt: Attempt, cost: NanoUsd, answered: boolean) => Charge) | undefined
  /** Tokens of a request as far as they can be told without the provider: for answers whose usage never came. */
  readonly inputTokens: (request: Request) => number
  readonly outputTokens: (received: { readonly contentBytes: number; readonly contentEvents: number }) => number
  /** What was written of such answers, and not received. */
  readonly unseen: Pick<UnseenOutput, 'learn' | 'tokens'>
}

/** Prices every attempt at its end, however it ended: read out, cut, or left by its reader. */
export const meter =
  (options: MeterOptions): Layer<Attempt> =>
  next =>
    function meter(attempt) {
      return follow(next, attempt, (end, answer) => {
        const usage = usageOf(attempt, end, answer, options)
        if (usage)
          price(attempt, { usage: withUnsaid(usage, attempt, answer), answered: answer !== undefined }, options)
      })
    }

const NOTHING = { contentBytes: 0, contentEvents: 0 }

/** What the provider reported; a stated estimate when it may have billed without reporting; else nothing. */
function usageOf(attempt: Attempt, end: End, answer: Answer | undefined, options: MeterOptions): Usage | undefined {
  if (end.usage && end.outcome === 'complete') {
    options.unseen.learn(attempt, end.usage)
    return end.usage
  }
  if (!answer && !end.usage && (attempt.attempt.isUnsent || !end.failure?.verdict.charges)) return undefined
  const received = options.outputTokens(answer ?? NOTHING)
  const unseen = end.outcome === 'complete' ? 0 : options.unseen.tokens(attempt, received)
  const estimate: Usage = {
    inputTokens: options.inputTokens(attempt.request),
    outputTokens: received + unseen,
    estimated: true,
  }
  return end.usage ? higherOf(estimate, end.usage) : estimate
}

/** A running total reported before the cut may lag behind what was received. */
function higherOf(estimate: Usage, reported: Usage): Usage {
  if (reported.outputTokens >= estimate.outputTokens) return reported
  return { ...reported, outputTokens: estimate.outputTokens, estimated: true }
}

interface Used {
  readonly usage: Usage
  readonly answered: boolean
}

function price(call: Attempt, { usage, answered }: Used, { costOf, isPriced, chargeOf }: MeterOptions): void {
  const { attempt, record, deployment } = call
  attempt.usage = usage
  if (!deployment.price) {
    record.unpriced = true
    return
  }
  attempt.cost = costOf(deployment.price, usage)
  record.cost += attempt.cost
  if (!isPriced(deployment.price, usage)) {
    attempt.isLowerBound = true
    record.unpriced = true
  }
  if (chargeOf) attempt.charge = chargeOf(call, attempt.cost, answered)
}
