/**
 * A rate: integer nano-USD per million units (tokens, requests, or searches). $0.15 per million tokens is 150,000,000n.
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
  /** Per million web searches that the provider runs, of medium context size where it knows several sizes. */
  readonly webSearch?: Rate
  readonly webSearchLow?: Rate
  readonly webSearchHigh?: Rate
}

/** Above `aboveInputTokens` prompt tokens the whole request is charged at these rates. */
export interface Tier {
  readonly aboveInputTokens: number
  readonly rates: Rates
}

/** Base rates, and those above thresholds. */
export interface RateSheet {
  readonly rates: Rates
  /** In ascending order of threshold; the highest one passed wins. */
  readonly tiers: readonly Tier[]
}

/** What is stated of a service tier; what is not is worked out from the plain rates (`prices/services.ts`). */
export interface ServiceRates {
  readonly rates: Partial<Rates>
  /** In ascending order of threshold; each states only what changes there. */
  readonly tiers: readonly { readonly aboveInputTokens: number; readonly rates: Partial<Rates> }[]
}

/** The service tiers whose rates may be stated one by one, as LiteLLM's price keys name them. */
export const STATED_SERVICES = ['flex', 'priority', 'ultrafast'] as const
export type StatedService = (typeof STATED_SERVICES)[number]

/** What service tiers charge instead of the plain rates. */
export type Services = { readonly [Service in StatedService]?: ServiceRates } & {
  /** Anthropic's fast mode, as a multiple of the plain rates, in millionths. */
  readonly fast?: bigint
}

/**
 * By which rates an answer is charged: `default` are the plain ones, `other` is a tier that nobody here knows. OpenAI's
 * tiers are named as its answers name them; `fast` is Anthropic's `speed`.
 */
export type ServiceTier = 'default' | StatedService | 'fast' | 'other'

/** The rate card of a deployment. */
export interface RateCard extends RateSheet {
  /** Where the rates come from: `config`, `map:FILE`, `correction:...` or `genai-prices@VERSION/PROVIDER/MODEL`. */
  readonly source: string
  /** Absent where no service tier has rates of its own. */
  readonly services?: Services
}
