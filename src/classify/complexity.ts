import type { ComplexityScoring, ComplexityTier, Dimension } from '../core/auto-settings.ts'
import type { Classifier } from './classifier.ts'
import {
  COMPLEXITY_TIERS,
  DEFAULT_BOUNDARIES,
  DEFAULT_TOKEN_THRESHOLDS,
  DEFAULT_WEIGHTS,
} from './complexity-settings.ts'
import { COMPLEXITY_WORDS } from './complexity-words.ts'
import { PhraseTable } from './phrases.ts'
import { promptText, systemText } from './prompt-text.ts'
import { wordsOf } from './words.ts'

/** How complex a prompt is, and what of it said so. */
export interface Complexity {
  readonly tier: ComplexityTier
  /** The weighted sum of the dimensions; about 0 to 1, and a little below 0 for a greeting. */
  readonly score: number
  /** The dimensions that had something to say, for people. */
  readonly signals: readonly string[]
  /** A word of `keywordTierRules` named the tier, whatever the score. */
  readonly named: boolean
}

type List = 'code' | 'reasoning' | 'technical' | 'simple'

/** Two phrases of a list are a full signal, one is half of it. */
const FULL = 2
const CHARACTERS_PER_TOKEN = 4
const ORDERED = /\bfirst\b[^.?!]{1,300}\bthen\b|\bstep \d|^[ \t]{0,8}\d{1,2}[.)] /im

/**
 * LiteLLM's complexity router as a classifier: it names SIMPLE, MEDIUM, COMPLEX or REASONING as the task, and is not
 * sure only of a request without any text of a user (which is to go to the default model); without `scores` it is sure
 * of nothing but keyword rules.
 */
export function complexityClassifier(settings: ComplexityScoring = {}, scores = true): Classifier {
  const score = complexityScorer(settings)
  return function complexityClassifier({ request }) {
    const user = promptText(request, settings.reminderMarkers)
    if (user === '') return undefined
    const { tier, score: points, signals, named } = score(user, systemText(request))
    if (!scores && !named) return undefined
    const label = settings.tierLabels?.[tier] ?? tier
    const reason = `${label} with ${points.toFixed(2)}${signals.length > 0 ? `: ${signals.join(', ')}` : ''}`
    return { task: tier, by: 'complexity', reason }
  }
}

/**
 * Scores seven weighted dimensions. Reasoning markers, order and questions are looked for in the user's text only; code,
 * technical and simple words also in the system prompt. Two reasoning markers of the user's make it REASONING whatever
 * the score, and a word of `keywordTierRules` names the tier outright.
 */
export function complexityScorer(settings: ComplexityScoring = {}): (user: string, system?: string) => Complexity {
  const lists = listTable(settings)
  const rules = new PhraseTable<ComplexityTier>(rulesOf(settings))
  const weights: Readonly<Partial<Record<Dimension, number>>> = settings.dimensionWeights ?? DEFAULT_WEIGHTS
  const thresholds = { ...DEFAULT_TOKEN_THRESHOLDS, ...settings.tokenThresholds }
  return (user, system = '') => {
    const words = wordsOf(user)
    const asked = hitsOf(words, lists)
    const around = hitsOf(wordsOf(system), lists)
    const both = (list: List) => share(asked[list].size + around[list].size)
    const parts: Readonly<Record<Dimension, number>> = {
      tokenCount: lengthScore(user.length / CHARACTERS_PER_TOKEN, thresholds),
      codePresence: both('code'),
      reasoningMarkers: share(asked.reasoning.size),
      technicalTerms: both('technical'),
      simpleIndicators: -both('simple'),
      multiStepPatterns: ORDERED.test(user) ? 1 : 0,
      questionComplexity: share(user.split('?').length - 2),
    }
    const score = sum(parts, weights)
    const signals = Object.entries(parts).flatMap(([name, part]) => (part === 0 ? [] : [name]))
    const named = highest(words, rules)
    if (named) return { tier: named, score, signals: [`keyword_tier_rules ${named}`, ...signals], named: true }
    if (asked.reasoning.size >= FULL) return { tier: 'REASONING', score, signals, named: false }
    return { tier: tierOf(score, settings), score, signals, named: false }
  }
}

function listTable(settings: ComplexityScoring): PhraseTable<readonly List[]> {
  const technical = settings.technicalKeywords ?? COMPLEXITY_WORDS.technical
  const lists: Readonly<Record<List, readonly string[]>> = {
    code: settings.codeKeywords ?? COMPLEXITY_WORDS.code,
    reasoning: settings.reasoningKeywords ?? COMPLEXITY_WORDS.reasoning,
    technical: [...technical, ...(settings.customTechnicalKeywords ?? [])],
    simple: settings.simpleKeywords ?? COMPLEXITY_WORDS.simple,
  }
  const names = new Map<string, List[]>()
  for (const list of ['code', 'reasoning', 'technical', 'simple'] as const)
    for (const phrase of lists[list]) {
      const text = phrase.toLowerCase()
      names.set(text, [...(names.get(text) ?? []), list])
    }
  return new PhraseTable([...names].map(([text, value]) => ({ text, value })))
}

function rulesOf(settings: ComplexityScoring): { text: string; value: ComplexityTier }[] {
  const rules = [...(settings.keywordTierRules ?? [])].sort((a, b) => rank(b.tier) - rank(a.tier))
  return rules.flatMap(rule => rule.keywords.map(text => ({ text, value: rule.tier })))
}

function hitsOf(words: readonly string[], table: PhraseTable<readonly List[]>): Readonly<Record<List, Set<string>>> {
  const hits = {
    code: new Set<string>(),
    reasoning: new Set<string>(),
    technical: new Set<string>(),
    simple: new Set<string>(),
  }
  for (let at = 0; at < words.length; at++) {
    const found = table.find(words, at)
    if (!found) continue
    for (const list of found.phrase.value) hits[list].add(found.phrase.text)
    at = found.end - 1
  }
  return hits
}

function highest(words: readonly string[], rules: PhraseTable<ComplexityTier>): ComplexityTier | undefined {
  let best: ComplexityTier | undefined
  for (let at = 0; at < words.length; at++) {
    const tier = rules.find(words, at)?.phrase.value
    if (tier && (!best || rank(tier) > rank(best))) best = tier
  }
  return best
}

function tierOf(score: number, settings: ComplexityScoring): ComplexityTier {
  const { simple_medium, medium_complex, complex_reasoning } = { ...DEFAULT_BOUNDARIES, ...settings.tierBoundaries }
  if (score < simple_medium) return 'SIMPLE'
  if (score < medium_complex) return 'MEDIUM'
  return score < complex_reasoning ? 'COMPLEX' : 'REASONING'
}

/** Short pulls down, long pulls up, between them it grows evenly from 0. */
function lengthScore(
  tokens: number,
  { simple, complex }: { readonly simple: number; readonly complex: number },
): number {
  if (tokens < simple) return -1
  if (tokens > complex) return 1
  return (tokens - simple) / Math.max(1, complex - simple)
}

function share(hits: number): number {
  return Math.min(Math.max(hits, 0), FULL) / FULL
}

function sum(
  parts: Readonly<Record<Dimension, number>>,
  weights: Readonly<Partial<Record<Dimension, number>>>,
): number {
  let score = 0
  for (const [name, weight] of Object.entries(weights)) score += weight * (parts[name as Dimension] ?? 0)
  return score
}

function rank(tier: ComplexityTier): number {
  return COMPLEXITY_TIERS.indexOf(tier)
}
