import type { Answer } from '../core/answer.ts'
import type { Call } from '../core/call.ts'
import { Failure } from '../core/failure.ts'
import { follow, type Handler, type Layer } from '../core/handler.ts'
import type { Hold } from '../core/hold.ts'
import type { NanoUsd } from '../core/money.ts'
import type { MoneySettings } from '../core/money-settings.ts'
import type { Request } from '../core/request.ts'
import type { Ledger } from '../ledger/replica/ledger.ts'
import { OverBudget } from '../ledger/replica/refusals.ts'
import { withOutputLimit } from './output-limit.ts'

/** Fewer output tokens than this are not worth asking for. */
const FEWEST_TOKENS = 16

export interface BudgetOptions extends Pick<MoneySettings, 'whenShort'> {
  readonly ledger: Pick<Ledger, 'hold' | 'isBounded'>
  /** What a call may cost at most, with its own request or another. @throws Failure */
  readonly worst: (call: Call, request?: Request) => NanoUsd
}

/**
 * Sets the worst price of the call aside on all budgets that bound it, before anything is dialled, and gives back at its true
 * end what its attempts have not spent. A call that nothing bounds passes as it is.
 */
export const budget =
  (options: BudgetOptions): Layer =>
  next =>
    function budget(call) {
      if (!options.ledger.isBounded(call)) return next(call)
      let hold: Hold | undefined | Promise<Hold>
      try {
        hold = options.ledger.hold(call, options.worst(call))
      } catch (error) {
        return Promise.reject(Failure.from(error))
      }
      if (hold instanceof Promise) return holdThenGo(next, { call, hold, options })
      return hold ? spend(next, call, hold) : next(call)
    }

async function holdThenGo(
  next: Handler,
  { call, hold, options }: { call: Call; hold: Promise<Hold>; options: BudgetOptions },
): Promise<Answer> {
  let held: { readonly call: Call; readonly hold: Hold }
  try {
    held = { call, hold: await hold }
  } catch (error) {
    if (options.whenShort !== 'lower' || !(error instanceof OverBudget)) throw error
    held = await lower(call, error, options)
  }
  if (call.cancellation.reason) {
    held.hold.release()
    throw call.cancellation.reason
  }
  return spend(next, held.call, held.hold)
}

/** Nobody holds for a call twice. A member that is new comes first: behind what is spread it costs 1 µs. */
function spend(next: Handler, call: Call, hold: Hold): Promise<Answer> {
  call.record.hold = hold
  return follow(next, { hold, ...call }, () => hold.release())
}

/** Asks for as many tokens as the remainder pays. Rejects with the last refusal when it does not pay for an answer. */
async function lower(call: Call, refusal: OverBudget, { ledger, worst }: BudgetOptions) {
  let last = refusal
  // The budget that refused first need not be the one that has the least.
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const { remaining } = last
    const tokens = mostTokens(call.request, request => worst(call, request) <= remaining)
    if (tokens === undefined) break
    const lowered = { ...call, request: withOutputLimit(call.request, tokens) }
    try {
      const hold = await ledger.hold(lowered, worst(lowered))
      if (hold) return { call: lowered, hold }
    } catch (error) {
      if (!(error instanceof OverBudget)) throw error
      last = error
    }
  }
  throw last
}

/** How often a call is lowered: budgets that are short of money one after the other. */
const MOST_ROUNDS = 4

/** The largest limit that fits; undefined when not even the fewest tokens do. */
function mostTokens(request: Request, fits: (request: Request) => boolean): number | undefined {
  if (request.operation === 'embedding' || !fits(withOutputLimit(request, FEWEST_TOKENS))) return undefined
  let low = FEWEST_TOKENS
  let high = 1 << 20
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (fits(withOutputLimit(request, middle))) low = middle
    else high = middle
  }
  return low
}
