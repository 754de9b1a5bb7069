import type { JsonObject } from '../core/json.ts'
import type { Usage } from '../core/usage.ts'
import type { Behaviour, UsageScript } from './behaviour.ts'
import { promptTexts, type UpstreamRequest } from './upstream-request.ts'

/** In OpenAI's words; the Anthropic upstream translates it. */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter'

/** A tool that the model wants called. */
export interface ScriptedToolCall {
  /** Default `call_1`, `call_2` and so on within the answer. */
  readonly id?: string
  readonly name: string
  /** An object, or the exact text of the arguments for tests of broken JSON. */
  readonly arguments: JsonObject | string
}

/** What a model says. */
export interface ScriptedAnswer {
  readonly text?: string
  readonly toolCalls?: readonly ScriptedToolCall[]
  /** Default `tool_calls` when there are any, else `stop`. */
  readonly finishReason?: FinishReason
  /** What it thought: `reasoning_content` for OpenAI clients, a thinking block for Anthropic's. */
  readonly reasoning?: string
  /** Default: what the upstream's `usage` option says. */
  readonly usage?: Usage
}

/** An answer, or a function that finds one. A string is a text. */
export type AnswerScript =
  | string
  | ScriptedAnswer
  | ((request: UpstreamRequest) => string | ScriptedAnswer | Promise<string | ScriptedAnswer>)

/** An answer with all of its parts, ready to be written in a dialect. */
export interface ComposedAnswer {
  readonly text: string
  /** The text in the pieces that a stream brings it in. A function, since whole answers need none. */
  readonly pieces: () => readonly string[]
  readonly toolCalls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[]
  readonly finishReason: FinishReason
  readonly reasoning: string
  readonly usage: Usage
}

/** Completes what a script left open. */
export function composeAnswer(
  request: UpstreamRequest,
  scripted: string | ScriptedAnswer,
  behaviour: Pick<Behaviour, 'usage' | 'chunks'>,
): ComposedAnswer {
  const answer = typeof scripted === 'string' ? { text: scripted } : scripted
  const text = answer.text ?? ''
  const toolCalls = (answer.toolCalls ?? []).map((call, index) => ({
    id: call.id ?? `call_${index + 1}`,
    name: call.name,
    arguments: typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments),
  }))
  return {
    text,
    pieces: () => piecesOf(text, behaviour.chunks),
    toolCalls,
    finishReason: answer.finishReason ?? (toolCalls.length > 0 ? 'tool_calls' : 'stop'),
    reasoning: answer.reasoning ?? '',
    usage:
      answer.usage ?? usageOf(request, behaviour.usage, [text, ...toolCalls.map(call => call.arguments)].join(' ')),
  }
}

/** Cuts a text into `count` pieces of nearly equal length, never inside a code point; by words without a count. */
export function piecesOf(text: string, count: number | undefined): readonly string[] {
  if (count === undefined) return text.match(/\S+\s*|\s+/g) ?? []
  const characters = [...text]
  const pieces = Math.min(Math.max(1, Math.floor(count)), characters.length)
  return Array.from({ length: pieces }, (_, index) =>
    characters
      .slice(Math.floor((index * characters.length) / pieces), Math.floor(((index + 1) * characters.length) / pieces))
      .join(''),
  )
}

function usageOf(request: UpstreamRequest, script: UsageScript, said: string): Usage {
  if (typeof script === 'function') return script(request, said)
  if (script !== 'count') return script
  const inputTokens = promptTexts(request).reduce((sum, text) => sum + words(text), 0)
  return { inputTokens, outputTokens: words(said) }
}

function words(text: string): number {
  return text.match(/\S+/g)?.length ?? 0
}
