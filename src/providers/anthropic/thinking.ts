import type { Json, JsonObject } from '../../core/json.ts'
import type { ModelTraits } from './model.ts'
import { invalid } from './refusal.ts'

/** What OpenAI's `reasoning_effort` becomes. */
export interface Thinking {
  readonly thinking?: JsonObject
  /** `output_config.effort`. */
  readonly effort?: string
}

/** What of the request bears on how much may be thought. */
export interface ThinkingRoom {
  readonly traits: ModelTraits
  readonly maxTokens: number
  /** The last turn of the assistant called tools and came back without its thoughts. */
  readonly thoughtsLost: boolean
  /** A tool must be called: Anthropic takes that of a model which does not think. */
  readonly toolForced: boolean
}

/** Anthropic's smallest budget. */
const MIN_BUDGET = 1024

/** LiteLLM's budgets (litellm/constants.py, DEFAULT_REASONING_EFFORT_*), raised to Anthropic's smallest, and doubled on. */
const BUDGETS: Readonly<Record<string, number>> = {
  minimal: MIN_BUDGET,
  low: MIN_BUDGET,
  medium: 2048,
  high: 4096,
  xhigh: 8192,
  max: 16_384,
}

/**
 * | reasoning_effort | Claude 4.5 and before: budget | Claude 4.6 and later: adaptive, effort |
 * |---|---|---|
 * | none | no thinking | as little as the model can |
 * | minimal, low | 1024 | low |
 * | medium | 2048 | medium |
 * | high | 4096 | high |
 * | xhigh | 8192 | xhigh (4.6: high) |
 * | max | 16384 | max |
 *
 * Where a tool is forced there is no thinking, and of the effort what is left without it.
 *
 * A budget is part of `max_tokens`: one that does not fit is cut to half of it, and below 1024 there is no thinking.
 */
export function writeThinking(effort: Json | undefined, room: ThinkingRoom): Thinking {
  const level = levelOf(effort)
  if (level === undefined) return {}
  if (level === 'none') return withoutThinking(room.traits)
  if (room.toolForced)
    return room.traits.adaptive ? { ...withoutThinking(room.traits), effort: effortOf(level, room.traits) } : {}
  return room.traits.adaptive ? adaptive(level, room.traits) : budget(level, room)
}

/** Also takes LiteLLM's `{effort, summary}`. */
function levelOf(effort: Json | undefined): string | undefined {
  if (effort === undefined) return undefined
  const level =
    typeof effort === 'object' && effort !== null && 'effort' in effort ? (effort as JsonObject).effort : effort
  if (level === 'none' || (typeof level === 'string' && Object.hasOwn(BUDGETS, level))) return level
  throw invalid('reasoning_effort', `must be none or one of ${Object.keys(BUDGETS).join(', ')}`)
}

function withoutThinking(traits: ModelTraits): Thinking {
  if (traits.thoughtless === 'omit') return {}
  if (traits.thoughtless === 'low_effort') return { effort: 'low' }
  return { thinking: { type: traits.thoughtless } }
}

/** Thoughts are asked for where the model would hide them: they are `reasoning_content`, and they end the silence. */
function adaptive(level: string, traits: ModelTraits): Thinking {
  const thinking = traits.hidesThoughts ? { type: 'adaptive', display: 'summarized' } : { type: 'adaptive' }
  return { thinking, effort: effortOf(level, traits) }
}

function effortOf(level: string, traits: ModelTraits): string {
  if (level === 'minimal') return 'low'
  if (level === 'xhigh' && !traits.xhigh) return 'high'
  return level
}

/** In the middle of a tool loop a model with a budget insists on its thoughts; a client that lost them gets none anew. */
function budget(level: string, room: ThinkingRoom): Thinking {
  if (room.thoughtsLost) return {}
  const wanted = BUDGETS[level] ?? MIN_BUDGET
  const tokens = wanted < room.maxTokens ? wanted : Math.floor(room.maxTokens / 2)
  return tokens < MIN_BUDGET ? {} : { thinking: { type: 'enabled', budget_tokens: tokens } }
}
