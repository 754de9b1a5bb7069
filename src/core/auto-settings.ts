import type { Ms } from './clock.ts'

/** A pool that is a choice between pools by what the prompt is: which pool answers which kind, and what judges that. */
export type AutoSettings = TaskAutoSettings | ComplexityAutoSettings | SemanticAutoSettings

/** By the task: rules, and a model for what they leave open (`tollgate_settings.routing.auto`). */
export interface TaskAutoSettings {
  readonly by: 'task'
  /** Task to pool: `math`, `code`, `creative`, `default`, or whatever the classifier names. */
  readonly pools: Readonly<Record<string, string>>
  /** The pool that is asked to classify what the rules leave open. Undefined: nobody is asked. */
  readonly classifierPool?: string
  /** How long the classifying call may take. Default 10,000 ms. */
  readonly classifierTimeoutMs: Ms
  /** Task to words that decide for it; replaces the built-in lists of the tasks it names. */
  readonly keywords: Readonly<Record<string, readonly string[]>>
}

/** By how complex the prompt is (LiteLLM's `auto_router/complexity_router`). */
export interface ComplexityAutoSettings {
  readonly by: 'complexity'
  /** Tier to the pools that answer it, of which one is picked uniformly. A tier without any goes to `defaultPool`. */
  readonly tiers: Readonly<Partial<Record<ComplexityTier, readonly string[]>>>
  /** For requests without any text of a user, and for tiers without a pool. */
  readonly defaultPool: string
  readonly scoring: ComplexityScoring
  /** False: nothing is scored, every call goes to `defaultPool`, unless a keyword rule names a tier. */
  readonly scores: boolean
  /**
   * A prompt that fills more than this share of the context window of every pool of its tier goes to the lowest tier
   * that holds it. Undefined: size decides nothing.
   */
  readonly windowShare?: number
  /** Requests with pictures go to a tier that sees them. */
  readonly byModality: boolean
  /** How long a session stays with the pool of its first call. Undefined: every call is judged by itself. */
  readonly sessionTtlMs?: Ms
  /** Calls that go on with a turn (tool results and the like) stay with the pool that the turn's first call went to. */
  readonly oncePerTurn: boolean
}

/** By the nearest of example utterances, whose embeddings are compared with the prompt's (`auto_router/<name>`). */
export interface SemanticAutoSettings {
  readonly by: 'semantic'
  readonly routes: readonly SemanticRoute[]
  /** For prompts that are near to no route, and for when the embedding fails. */
  readonly defaultPool: string
  /** The pool that embeds. */
  readonly embeddingPool: string
  /** How much of the prompt is embedded, from its start. Default 2,000 characters. */
  readonly maxInputCharacters: number
  /** How long one embedding call may take. Default 10,000 ms. */
  readonly embeddingTimeoutMs: Ms
}

/** One route of a semantic choice. */
export interface SemanticRoute {
  /** Also its name. */
  readonly pool: string
  readonly utterances: readonly string[]
  /** The route is taken from this cosine similarity on, -1 to 1. Default 0.3. */
  readonly scoreThreshold: number
}

/** LiteLLM's four tiers, from the cheapest up. */
export type ComplexityTier = 'SIMPLE' | 'MEDIUM' | 'COMPLEX' | 'REASONING'

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
 * case). Whatever is absent has LiteLLM's documented default; the word lists are tollgate's own.
 */
export interface ComplexityScoring {
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

/** What encloses text that an agent put into a user's turn and no human asked for. Matched in any case. */
export interface ReminderMarkers {
  readonly open: string
  readonly close: string
}
