import { type ReachOptions, reachOf } from './attempts/reach.ts'
import type { Attempt, Call } from './core/call.ts'
import type { ChargeSettings } from './core/charge.ts'
import type { Layer } from './core/handler.ts'
import type { MoneySettings } from './core/money-settings.ts'
import type { RoutingSettings } from './core/settings.ts'
import { account } from './layers/account.ts'
import { budget } from './layers/budget.ts'
import type { MeterOptions } from './layers/meter.ts'
import { UnseenOutput, type UnseenOutputOptions } from './layers/unseen-output.ts'
import type { Ledger } from './ledger/replica/ledger.ts'
import {
  chargeOf,
  costOf,
  generatedAnswers,
  isPriced,
  outputTokensFrom,
  requestedOutputTokens,
} from './prices/index.ts'
import type { rememberedBounds } from './prices/remembered-bounds.ts'
import { forcedOutput } from './prices/worst.ts'
import { worstOfPlan } from './prices/worst-of-plan.ts'

/** Who keeps the books, and how. */
export interface Books {
  readonly ledger: Ledger
  readonly settings: MoneySettings
}

/** What calls name, and how large they are. */
export interface Names extends Pick<ReachOptions, 'poolFor'> {
  readonly inputTokenBounds: ReturnType<typeof rememberedBounds>
}

/** The layers that keep money: one for calls, one for attempts. */
export function bookkeeping(
  { ledger, settings }: Books,
  { charges, fallbacks }: RoutingSettings,
  { poolFor, inputTokenBounds }: Names,
): { readonly budget: Layer<Call>; readonly account: Layer<Attempt> } {
  const reach = (call: Call) => reachOf(call, { poolFor, fallbacks })
  const worst = worstOfPlan({ ...settings, reach, boundsOf: inputTokenBounds, charges })
  return {
    budget: budget({ ...settings, ledger, worst: worst.ofCall }),
    account: account({
      ledger,
      worst: (attempt, isBounded) => worst.ofAttempt(attempt, attempt.deployment, isBounded),
      forcedOutput: (deployment, request) => forcedOutput(deployment, request, settings.outputCap),
    }),
  }
}

/** What usages cost, and are charged at. */
export function pricesFor({ charges }: RoutingSettings): Pick<MeterOptions, 'costOf' | 'isPriced' | 'chargeOf'> {
  return { costOf, isPriced, chargeOf: charges && charging(charges) }
}

/** What is charged for an attempt: only the answer to the client bears what is added once per call. */
function charging(charges: ChargeSettings): MeterOptions['chargeOf'] {
  return ({ deployment: { provider }, purpose }, cost, answered) =>
    chargeOf({ provider, cost, answered: answered && purpose === 'answer' }, charges)
}

type MeteringParts = Pick<Names, 'inputTokenBounds'> & Pick<UnseenOutputOptions, 'pacesOf' | 'clock'>

/** How much was used where the provider has not said it. */
export function metering({
  inputTokenBounds,
  ...paces
}: MeteringParts): Pick<MeterOptions, 'inputTokens' | 'outputTokens' | 'unseen'> {
  return {
    inputTokens: request => inputTokenBounds(request).likely,
    outputTokens: outputTokensFrom,
    unseen: new UnseenOutput({ ...paces, answersOf: generatedAnswers, mostOutputOf: requestedOutputTokens }),
  }
}
