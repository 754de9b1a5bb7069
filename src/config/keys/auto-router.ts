import { z } from 'zod'
import type { Honoured } from './entry.ts'
import * as value from './values.ts'

/** The members of a map that hold numbers. */
function numbers(what: string) {
  return z
    .record(z.string(), value.anyNumber, { error: `expected a map of ${what} to numbers` })
    .describe(`a map of ${what} to numbers`)
}

const TIERS = ['SIMPLE', 'MEDIUM', 'COMPLEX', 'REASONING'] as const
const DIMENSIONS = [
  'tokenCount',
  'codePresence',
  'reasoningMarkers',
  'technicalTerms',
  'simpleIndicators',
  'multiStepPatterns',
  'questionComplexity',
]

const markers = z.union(
  [z.tuple([value.text, value.text]).transform(pair => [pair]), z.array(z.tuple([value.text, value.text]))],
  { error: 'expected a pair such as ["<reminder>", "</reminder>"], or a list of pairs' },
)

const tierRules = z.array(
  z.object({ keywords: value.texts, tier: value.oneOf(...TIERS) }, { error: 'expected {keywords: [...], tier: ...}' }),
  { error: 'expected a list such as [{keywords: [...], tier: COMPLEX}]' },
)

/** In `complexity_router_config`. */
export const complexityHonoured = {
  tiers: [
    z
      .record(z.string(), value.wordOrWords, { error: 'expected a map of tiers to pools' })
      .describe('a map of tiers to pools'),
    'SIMPLE, MEDIUM, COMPLEX and REASONING to the pool that answers, or to several of which one is picked uniformly.',
    TIERS,
  ],
  tier_boundaries: [
    numbers('boundaries'),
    'Scores that part the tiers. Default simple_medium 0.15, medium_complex 0.35, complex_reasoning 0.60.',
    ['simple_medium', 'medium_complex', 'complex_reasoning'],
  ],
  token_thresholds: [
    numbers('thresholds'),
    'Tokens below which a prompt is short (simple, 15) and above which it is long (complex, 400).',
    ['simple', 'complex'],
  ],
  dimension_weights: [
    numbers('dimensions'),
    'Weights of the seven dimensions; one that is left out weighs 0.',
    DIMENSIONS,
  ],
  code_keywords: [value.texts, 'Replaces the built-in words for code.'],
  reasoning_keywords: [value.texts, 'Replaces the built-in words for reasoning; two of them make a prompt REASONING.'],
  technical_keywords: [value.texts, 'Replaces the built-in technical words.'],
  simple_keywords: [value.texts, 'Replaces the built-in words of greetings and look-ups.'],
  custom_technical_keywords: [value.texts, 'Technical words besides the built-in ones.'],
  keyword_tier_rules: [
    tierRules,
    'Words that name a tier outright: [{keywords, tier}]; the highest tier that matches wins.',
  ],
  reminder_markers: [markers, 'The marks around text that no human wrote. Default <system-reminder> and its end.'],
  tier_labels: [value.textMap, 'Names of the tiers in reasons shown to people.', TIERS],
  enable_context_window_escalation: [
    value.flag,
    'A prompt that is known not to fit the pools of its tier goes to the lowest tier that holds it. Default false.',
  ],
  context_window_escalation_buffer: [value.share, 'Share of a context window that a prompt may fill. Default 0.95.'],
  modality_routing: [
    value.flag,
    'Requests with pictures go to a tier whose deployments declare model_info.supports_vision. Default false.',
  ],
  classification_mode: [
    value.oneOf('every_request', 'user_turn'),
    'user_turn: calls that go on with a turn stay with the pool that its first call went to. Default every_request.',
  ],
  session_affinity: [
    value.flag,
    'A session (metadata.session_id, x-litellm-session-id) stays with the pool of its first call. Default false.',
  ],
  session_affinity_ttl_seconds: [
    value.positiveSeconds,
    'Seconds since its last call that a session is remembered. Default 3600.',
  ],
  return_raw_model_name: [
    value.flag,
    "Answers name the upstream's model (true) or the pool that was asked for (false). Default: tollgate_settings.response_model.",
  ],
  classifier_fallback: [
    value.oneOf('heuristic', 'default_model'),
    'What judges while classifier_type names a classifier that is not built in: the score (default), or nobody.',
  ],
} as const satisfies Record<string, Honoured>

/** In `complexity_router_config`: known, and without effect in this release. */
export const complexityPlanned: readonly string[] = `
  classifier_type classifier_llm_config jev_classifier_config oss_classifier_config classifier_plugin
  classifier_plugin_timeout_ms classifier_context_window_size classifier_context_budget_chars
  classifier_context_per_turn_chars classifier_context_include_assistant_turns classifier_tier_rubric
  classification_prompt semantic_keyword_matching embedding_model match_threshold adaptive adaptive_weights
  adaptive_eligible tier_distance_penalty tier_definitions fallback_tier enable_non_reasoning_tier escalation_keywords
  heuristic_first_max_tier heuristic_v2_success_threshold reasoning_override_min_score stall_escalation_enabled
  stall_escalation_window stall_escalation_repeat_threshold max_tokens_from_tier_model context_compaction
  tier_model_configs deployment_affinity`
  .split(/\s+/)
  .filter(name => name !== '')

/** Every name that means something in `complexity_router_config`. */
export const COMPLEXITY_NAMES: readonly string[] = [...Object.keys(complexityHonoured), ...complexityPlanned]

/** In `auto_router_config`, the file format of the library semantic-router. */
export const semanticHonoured = {
  routes: [value.maps, 'The routes: [{name, utterances, score_threshold}]; the name is the pool.'],
  encoder_type: [value.text, 'Accepted; auto_router_embedding_model says who embeds.'],
  encoder_name: [value.text, 'Accepted; auto_router_embedding_model says who embeds.'],
} as const satisfies Record<string, Honoured>

/** In one entry of `routes`. */
export const routeHonoured = {
  name: [value.text, 'The pool.'],
  utterances: [value.texts, 'What prompts of this route are like.'],
  score_threshold: [value.anyNumber, 'Cosine similarity, -1 to 1, from which on the route is taken. Default 0.3.'],
} as const satisfies Record<string, Honoured>

/** In one entry of `routes`: semantic-router's own. */
export const ROUTE_NAMES: readonly string[] = [
  ...Object.keys(routeHonoured),
  'description',
  'function_schemas',
  'function_schema',
  'llm',
  'metadata',
]

const semanticConfig = z
  .union([value.text, value.map], { error: 'expected JSON text or a map with routes' })
  .describe('JSON text or a map')

/** In `litellm_params` of an auto router. */
export const autoRouterParams = {
  auto_router_config: [
    semanticConfig,
    'Of auto_router/NAME: the routes, {routes: [{name, utterances, score_threshold}]}.',
  ],
  auto_router_config_path: [value.text, 'A JSON file with the routes; relative to the configuration.'],
  auto_router_default_model: [value.text, 'The pool for prompts near to no route, and for when the embedding fails.'],
  auto_router_embedding_model: [value.text, 'The pool that embeds prompts and utterances.'],
  auto_router_max_input_chars: [value.positiveCount, 'Characters of a prompt that are embedded. Default 2000.'],
  complexity_router_config: [
    value.map,
    'Of auto_router/complexity_router: {tiers: {SIMPLE: POOL, ...}, ...}.',
    COMPLEXITY_NAMES,
  ],
  complexity_router_default_model: [
    value.text,
    "The pool for requests without text, and for tiers without a pool. Default: MEDIUM's, else the lowest tier's.",
  ],
} as const satisfies Record<string, Honoured>
