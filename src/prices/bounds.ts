import type { Json, JsonObject } from '../core/json.ts'
import type { Request, Source } from '../core/request.ts'
import { isMedia, measure } from './measure.ts'
import { hasUnseenInput } from './unseen-input.ts'

/** Bytes per token, on average: a median error of 8 %, 29 % at the 95th percentile. For choosing, never for billing. */
export const BYTES_PER_TOKEN = 4

/** The longest token of the vocabularies that were looked at (o200k, cl100k: 128 spaces). */
const LONGEST_TOKEN_BYTES = 128

/** Tokens of what a host puts before and around a prompt: template markers, a default system prompt. */
const TEMPLATE_ALLOWANCE = 256
/** Tokens of the system prompt that explains tool calls (Anthropic documents up to 530). */
const TOOLS_ALLOWANCE = 1024
/** Tokens of one picture: gpt-4o-mini counts 2,833 and 5,667 for each of up to 8 tiles, which is the most known. */
const MEDIA_ALLOWANCE = 50_000
/** Tokens of a usual one, of about 1,000 by 1,000 pixels. */
const MEDIA_LIKELY = 1_000

/** How many tokens the input of a request may have. */
export interface InputTokenBounds {
  /** At least so many: no token is longer than 128 bytes. */
  readonly low: number
  /** About so many: a quarter of the text's bytes, and a thousand for each picture and the like. */
  readonly likely: number
  /** At most so many: a token is at least one byte of the body's JSON. Holds with allowances unless `open`. */
  readonly high: number
  /**
   * The input depends on more than the body: pictures, files, URLs, tools that the host runs itself, or what it keeps of earlier
   * calls (`hasUnseenInput`). Then `high` is a stated allowance and no bound, and whoever holds money against it takes the model's
   * input limit instead.
   */
  readonly open: boolean
}

/** A limit of output tokens that is put into a request that has none: as `measure` counts it, and not less. */
export const ADDED_MEMBER_BYTES = 64

const PROMPT_FIELDS: readonly string[] = [
  'messages',
  'prompt',
  'suffix',
  'input',
  'instructions',
  'tools',
  'functions',
  'response_format',
]

/**
 * Bounds of a request's input tokens. Walks the prompt once without recursion, a copy or a tokenizer; where the body's
 * bytes are there, their length gives the upper bound, else a second walk over the whole body does.
 */
export function inputTokenBounds(request: Request): InputTokenBounds {
  const { body } = request
  const media: JsonObject[] = []
  const text = measure(promptOf(body), {
    skip: object => isMedia(object) && media.push(object) > 0,
    longTexts: request.source?.longTexts,
  })
  const size = request.source ? sizeOf(request.source) : jsonSize(body)
  const tools = hasItems(body.tools) || hasItems(body.functions) ? TOOLS_ALLOWANCE : 0
  return {
    low: Math.ceil((text.stringBytes - text.escapeBytes) / LONGEST_TOKEN_BYTES),
    likely:
      Math.ceil((text.stringBytes + text.keyBytes) / BYTES_PER_TOKEN) + text.numbers + media.length * MEDIA_LIKELY,
    high: size + TEMPLATE_ALLOWANCE + tools + media.length * MEDIA_ALLOWANCE,
    open: media.length > 0 || hasUnseenInput(body, request.source?.longTexts),
  }
}

/** Of the text as it is sent. */
function sizeOf({ bytes, added }: Source): number {
  return bytes.length + (added ? Object.keys(added).length * ADDED_MEMBER_BYTES : 0)
}

/** What was received of an answer that ended without a usage. */
export interface Received {
  /** Bytes of generated text. */
  readonly contentBytes: number
  /** Stream events that held some of it. */
  readonly contentEvents: number
}

/**
 * The stated estimate of output tokens for a stream that was cut: hosts send at least one token per event, and a token
 * has about four bytes, so the larger of events and a quarter of the bytes, rounded up.
 */
export function outputTokensFrom(received: Received): number {
  return Math.max(received.contentEvents, Math.ceil(received.contentBytes / BYTES_PER_TOKEN))
}

/**
 * The output tokens that a request asks for at most: its limit per answer (`max_completion_tokens`, else `max_tokens`; of a
 * completion `max_tokens` alone, as its API knows no other) times the answers that are generated. 0 for embeddings; undefined when the request sets no limit.
 */
export function requestedOutputTokens(request: Request): number | undefined {
  if (request.operation === 'embedding') return 0
  const limit = outputLimit(request)
  return limit === undefined ? undefined : limit * generatedAnswers(request)
}

/** The output tokens of one answer that a request asks for at most; undefined when it sets no limit. */
export function outputLimit({ operation, body }: Request): number | undefined {
  if (operation === 'completion') return positive(body.max_tokens)
  return positive(body.max_completion_tokens) ?? positive(body.max_tokens)
}

/** How many answers are generated: `n`, or `best_of` where it is larger, for each prompt of a completion. */
export function generatedAnswers(request: Request): number {
  const { body } = request
  const each = Math.max(positive(body.n) ?? 1, positive(body.best_of) ?? 1)
  if (request.operation !== 'completion' || !Array.isArray(body.prompt)) return each
  // A list of numbers is one prompt of tokens; any other list is a list of prompts.
  return typeof body.prompt[0] === 'number' ? each : each * Math.max(body.prompt.length, 1)
}

function promptOf(body: JsonObject): Json[] {
  const parts: Json[] = []
  for (const field of PROMPT_FIELDS) {
    const value = body[field]
    if (value !== undefined) parts.push(value)
  }
  return parts
}

/** No less than the body's length as JSON without escapes: quotes, separators and the longest number are 24 bytes. */
function jsonSize(body: JsonObject): number {
  const all = measure([body])
  return all.stringBytes + all.keyBytes + all.nodes * 8 + all.numbers * 24
}

function hasItems(value: Json | undefined): boolean {
  return Array.isArray(value) && value.length > 0
}

function positive(value: Json | undefined): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? Math.ceil(value) : undefined
}
