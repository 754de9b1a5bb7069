/**
 * A rate: integer nano-USD per million units (tokens, or requests). $0.15 per million tokens is 150,000,000n.
 * Per token it would not be an integer, so the division by a million happens once, at the end of a sum.
 */
export type Rate = bigint

/** What one deployment charges. A missing special rate means that its tokens cost the base rate of their side. */
export interface Rates {
  readonly input: Rate
  readonly output: Rate
  readonly cacheRead?: Rate
  readonly cacheWrite?: Rate
  readonly cacheWrite1h?: Rate
  readonly inputAudio?: Rate
  readonly outputAudio?: Rate
  readonly reasoning?: Rate
  /** Per million requests, for providers that charge by the call. */
  readonly request?: Rate
}

/** Above `aboveInputTokens` prompt tokens the whole request is charged at these rates. */
export interface Tier {
  readonly aboveInputTokens: number
  readonly rates: Rates
}

/** The rate card of a deployment. */
export interface RateCard {
  readonly rates: Rates
  /** In ascending order of threshold; the highest one passed wins. */
  readonly tiers: readonly Tier[]
  /** Where the rates come from: `config`, `map:FILE`, `correction:...` or `genai-prices@VERSION/PROVIDER/MODEL`. */
  readonly source: string
}
