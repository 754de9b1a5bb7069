import type { ComplexityTier, Dimension } from '../core/auto-settings.ts'

/** From the cheapest up. */
export const COMPLEXITY_TIERS = [
  'SIMPLE',
  'MEDIUM',
  'COMPLEX',
  'REASONING',
] as const satisfies readonly ComplexityTier[]

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
