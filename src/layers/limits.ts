import type { Answer } from '../core/answer.ts'
import type { Call, CallRecord } from '../core/call.ts'
import type { RateLimit } from '../core/caller.ts'
import { follow, type Handler, type Layer } from '../core/handler.ts'
import type { Request } from '../core/request.ts'
import type { Admission, LimitAsk, Limiter } from '../state/limiter.ts'
import { limitFailure } from './limit-failure.ts'

export interface LimitsOptions {
  readonly limiter: Limiter
  /** The limits that a call may be bound by. Default: those of its caller. */
  readonly limitsOf?: (call: Call) => readonly RateLimit[]
  /** The pool that the name in the call stands for; limits of one pool hold for both. Default: that name. */
  readonly poolOf?: (call: Call) => string | undefined
  /** Likely tokens of the prompt. */
  readonly inputTokens: (request: Request) => number
  /** Output tokens that were asked for, else some that are assumed. */
  readonly outputTokens: (request: Request) => number
}

/**
 * Takes a request, its likely tokens and a place from every limit that concerns the call, at once or not at all, and
 * corrects the tokens at its true end by what all its attempts have used. A call that nothing limits passes as it is.
 * Placed once more behind what chooses a pool, it takes the same from the limits of that pool which were not asked before.
 */
export const limits =
  (options: LimitsOptions): Layer =>
  next =>
    function limits(call) {
      const { standings, requestedPool } = call.record
      if (call.purpose !== 'answer' || (standings && call.pool === requestedPool)) return next(call)
      const bounds = boundsOf(call, options)
      if (bounds.length === 0) return next(call)
      const priority = call.options.caller?.priority
      const tokens = tokensOf(call, bounds, options)
      // Places are held by it: the second ones are not the first.
      const id = standings ? `${call.id}:${call.pool}` : call.id
      const ask: LimitAsk =
        priority === undefined ? { id, limits: bounds, tokens } : { id, limits: bounds, tokens, priority }
      const admission = options.limiter.admit(ask)
      return admission instanceof Promise
        ? admission.then(answer => proceed(next, call, { answer, ask, options }))
        : proceed(next, call, { answer: admission, ask, options })
    }

interface Asked {
  readonly answer: Admission
  readonly ask: LimitAsk
  readonly options: LimitsOptions
}

function proceed(next: Handler, call: Call, { answer, ask, options }: Asked): Promise<Answer> {
  const { limiter } = options
  const { standings } = call.record
  call.record.standings = standings ? [...standings, ...answer.standings] : answer.standings
  if (!answer.granted) return Promise.reject(limitFailure(answer, ask.tokens))
  if (call.cancellation.reason) {
    limiter.settle(answer, 0)
    return Promise.reject(call.cancellation.reason)
  }
  return follow(next, call, () => limiter.settle(answer, usedTokens(call.record)))
}

function boundsOf(call: Call, { limitsOf = ownLimits, poolOf = requestedPool }: LimitsOptions): readonly RateLimit[] {
  const all = limitsOf(call)
  const { standings } = call.record
  if (!all.some(limit => limit.pool !== undefined)) return standings ? NONE : all
  const pool = poolOf(call)
  const bounds = all.filter(limit => limit.pool === undefined || limit.pool === call.pool || limit.pool === pool)
  return standings ? bounds.filter(bound => !standings.some(({ limit }) => limit === bound)) : bounds
}

const NONE: readonly RateLimit[] = []
const ownLimits = (call: Call) => call.options.caller?.limits ?? NONE
const requestedPool = (call: Call) => call.pool

/**
 * The likely use. What is asked for at most is often far more than what comes, so that output beyond a limit does not make
 * a call impossible: then it takes the whole limit. A prompt beyond it does.
 */
function tokensOf({ request }: Call, bounds: readonly RateLimit[], options: LimitsOptions): number {
  let least = Number.POSITIVE_INFINITY
  for (const { tpm } of bounds) if (tpm !== undefined && tpm < least) least = tpm
  if (least === Number.POSITIVE_INFINITY) return 0
  const input = options.inputTokens(request)
  return Math.max(Math.min(input + options.outputTokens(request), least), input, 1)
}

/** What all attempts have used together; nothing when nobody was dialled. */
function usedTokens({ attempts }: CallRecord): number {
  let used = 0
  for (const { usage } of attempts) if (usage) used += usage.inputTokens + usage.outputTokens
  return used
}
