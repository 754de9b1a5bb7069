import type { AttemptRecord } from './call.ts'
import type { NanoUsd } from './money.ts'

/** A part of a sum as an exact integer: billionths. 5 % is 50,000,000n. */
export type Share = bigint

/** One, as a share. */
export const WHOLE: Share = 1_000_000_000n

/** A share as a decimal fraction: `0.05`. */
export function formatShare(share: Share): string {
  return String(Number(share) / Number(WHOLE))
}

/** What is charged for calls where that differs from what providers ask by their price. Provider names as in deployments. */
export interface ChargeSettings {
  /** Provider to the part of its price that it lets go (`cost_discount_config`). */
  readonly discounts: Readonly<Record<string, Share>>
  /** Provider to what is added (`cost_margin_config`). */
  readonly margins: Readonly<Record<string, Margin>>
  /** Added for the providers that have none of their own (`global`). */
  readonly otherMargin: Margin
}

/** What is added to the discounted price. */
export interface Margin {
  readonly share: Share
  /** Once per answered call. */
  readonly fixed: NanoUsd
}

/** What an attempt is charged at: its cost, less `discount`, plus `margin`. */
export interface Charge {
  /** Rounded down to the nano-dollar. */
  readonly discount: NanoUsd
  readonly discountShare: Share
  /** The share, rounded up to the nano-dollar, and the fixed amount. */
  readonly margin: NanoUsd
  readonly marginShare: Share
  readonly marginFixed: NanoUsd
  readonly total: NanoUsd
}

/** The sums of a call. */
export type CallCharge = Pick<Charge, 'discount' | 'margin' | 'total'>

/** What a call is charged at, over all its attempts so far; undefined where no discount and no margin is configured. */
export function callCharge(attempts: readonly AttemptRecord[]): CallCharge | undefined {
  let sum: CallCharge | undefined
  for (const { charge } of attempts) {
    if (!charge) continue
    sum = {
      discount: (sum?.discount ?? 0n) + charge.discount,
      margin: (sum?.margin ?? 0n) + charge.margin,
      total: (sum?.total ?? 0n) + charge.total,
    }
  }
  return sum
}
