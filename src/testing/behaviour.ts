import type { Ms } from '../core/clock.ts'
import type { Usage } from '../core/usage.ts'
import type { AnswerScript } from './scripted-answer.ts'
import type { SseOptions } from './sse-format.ts'
import type { UpstreamRequest } from './upstream-request.ts'

/**
 * Where an upstream's token counts come from: fixed numbers; `count`, which counts whitespace-separated words (of all
 * texts of the request, and of the answer); or a function of the request and the answer's text.
 */
export type UsageScript = Usage | 'count' | ((request: UpstreamRequest, text: string) => Usage)

/** How an upstream behaves while no fault is scripted. */
export interface Behaviour {
  /** Milliseconds between the end of the request and the first byte of the answer. Default 0. */
  readonly latencyMs: Ms
  /**
   * What it says: a text, an answer with tool calls and the like, or a function of the request.
   * Default: a sentence that quotes the first 40 characters of the last user message.
   */
  readonly answer: AnswerScript
  /** What it counts. Default: 20 input and 15 output tokens. An answer's own `usage` wins. */
  readonly usage: UsageScript
  /** How many pieces a streamed text comes in, at most one per character. Default: one per word. */
  readonly chunks: number | undefined
  /** Milliseconds between two writes of a stream. Default 0: each write in a turn of its own, as fast as they go. */
  readonly chunkDelayMs: Ms
  /** How events are put on the wire. Default: line feeds, one event in one write, nothing in between. */
  readonly sse: SseOptions
  /** What `GET /v1/models` lists. The first one answers requests that name none. Default `['mock-model']`. */
  readonly models: readonly [string, ...string[]]
  /** Further headers of every answer, names in lower case, such as rate limits. Default none. */
  readonly headers: Readonly<Record<string, string>>
  /** Length of embeddings when the request has no `dimensions`. Default 8. */
  readonly dimensions: number
}

export const DEFAULT_BEHAVIOUR: Behaviour = {
  latencyMs: 0,
  // 40 characters are at most 80 UTF-16 units: a long prompt need not be taken apart as a whole.
  answer: request => `Mock answer to: "${[...request.prompt.slice(0, 80)].slice(0, 40).join('')}"`,
  usage: { inputTokens: 20, outputTokens: 15 },
  chunks: undefined,
  chunkDelayMs: 0,
  sse: {},
  models: ['mock-model'],
  headers: {},
  dimensions: 8,
}
