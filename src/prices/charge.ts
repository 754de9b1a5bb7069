import { type Charge, type ChargeSettings, WHOLE } from '../core/charge.ts'
import { divideUp, type NanoUsd } from '../core/money.ts'

/** What is charged, of which provider. */
export interface Charged {
  readonly provider: string
  /** By the price. */
  readonly cost: NanoUsd
  /** Whether it is the answer of its call, which bears the fixed amount. */
  readonly answered: boolean
}

/**
 * `cost - discount + margin`, in LiteLLM's order: the margin's share is of the discounted price. The discount is rounded
 * down and the margin up, so that nothing is charged below what was configured.
 */
export function chargeOf({ provider, cost, answered }: Charged, settings: ChargeSettings): Charge {
  const discountShare = settings.discounts[provider] ?? 0n
  const { share: marginShare, fixed } = settings.margins[provider] ?? settings.otherMargin
  const discount = (cost * discountShare) / WHOLE
  const marginFixed = answered ? fixed : 0n
  const margin = divideUp((cost - discount) * marginShare, WHOLE) + marginFixed
  return { discount, discountShare, margin, marginShare, marginFixed, total: cost - discount + margin }
}
