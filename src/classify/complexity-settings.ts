import type { ReminderMarkers } from './prompt-text.ts'

/** LiteLLM's four tiers, from the cheapest up. */
export const COMPLEXITY_TIERS = ['SIMPLE', 'MEDIUM', 'COMPLEX', 'REASONING'] as const

export type ComplexityTier = (typeof COMPLEXITY_TIERS)[number]

/** The seven things that are scored, by LiteLLM's names. */
export type Dimension =
  | 'tokenCount'
  | 'codePresence'
  | 'reasoningMarkers'
  | 'technicalTerms'
  | 'simpleIndicators'
  | 'multiStepPatterns'
  | 'questionComplexity'

/**
 * How prompts are sorted by complexity (`complexity_router_config` of LiteLLM; the names here are its keys in camel
 * case). Whatever is absent has LiteLLM's documented default; the word lists are tollgate's own (complexity-words.ts).
 */
export interface ComplexitySettings {
  /** Tier to the pool that answers it, or to several of which one is picked uniformly. `tiers` */
  readonly tiers?: Readonly<Partial<Record<ComplexityTier, string | readonly string[]>>>
  /** The scores that part the tiers: 0.15, 0.35, 0.60. A score on a boundary is of the upper tier. `tier_boundaries` */
  readonly tierBoundaries?: Readonly<Partial<Record<'simple_medium' | 'medium_complex' | 'complex_reasoning', number>>>
  /** Below `simple` (15) tokens a prompt is short, above `complex` (400) long. `token_thresholds` */
  readonly tokenThresholds?: Readonly<Partial<Record<'simple' | 'complex', number>>>
  /** When given, dimensions that it leaves out weigh nothing, as in LiteLLM. `dimension_weights` */
  readonly dimensionWeights?: Readonly<Partial<Record<Dimension, number>>>
  /** `code_keywords`; replaces the built-in list, as do the next three. */
  readonly codeKeywords?: readonly string[]
  /** `reasoning_keywords` */
  readonly reasoningKeywords?: readonly string[]
  /** `technical_keywords` */
  readonly technicalKeywords?: readonly string[]
  /** `simple_keywords` */
  readonly simpleKeywords?: readonly string[]
  /** Added to the technical list. `custom_technical_keywords` */
  readonly customTechnicalKeywords?: readonly string[]
  /** Words that name a tier outright; of several that match, the highest tier wins. `keyword_tier_rules` */
  readonly keywordTierRules?: readonly KeywordTierRule[]
  /** Replaces the built-in markers of reminder blocks. `reminder_markers` */
  readonly reminderMarkers?: readonly ReminderMarkers[]
  /** Names of the tiers for people; the tiers themselves keep their names. `tier_labels` */
  readonly tierLabels?: Readonly<Partial<Record<ComplexityTier, string>>>
}

export interface KeywordTierRule {
  readonly keywords: readonly string[]
  readonly tier: ComplexityTier
}

export const DEFAULT_BOUNDARIES = { simple_medium: 0.15, medium_complex: 0.35, complex_reasoning: 0.6 } as const

export const DEFAULT_TOKEN_THRESHOLDS = { simple: 15, complex: 400 } as const

export const DEFAULT_WEIGHTS: Readonly<Record<Dimension, number>> = {
  tokenCount: 0.1,
  codePresence: 0.3,
  reasoningMarkers: 0.25,
  technicalTerms: 0.25,
  simpleIndicators: 0.05,
  multiStepPatterns: 0.03,
  questionComplexity: 0.02,
}
