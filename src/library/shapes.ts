/**
 * The part of OpenAI's shapes that is named here; everything else that an upstream sends is there as well. Those who want
 * every field typed take the `openai` package: its types of requests fit here, answers' lists fit its own (which are not
 * readonly: an answer is its caller's), and `router.fetch` answers its client.
 */
export type ChatRequest = WithMore<{
  readonly model: string
  readonly messages: readonly object[]
  readonly stream?: boolean | null | undefined
}>

export type CompletionRequest = WithMore<{
  readonly model: string
  readonly prompt: string | readonly unknown[]
  readonly stream?: boolean | null | undefined
}>

export type EmbeddingRequest = WithMore<{
  readonly model: string
  readonly input: string | readonly unknown[]
}>

/** With whatever other parameters. An interface, as those of other packages are, never fits an index signature: hence both. */
type WithMore<Named> = Named | (Named & { readonly [parameter: string]: unknown })

export interface ToolCall {
  readonly id: string
  readonly type: 'function'
  readonly function: { readonly name: string; readonly arguments: string }
}

/** A piece of a call: the arguments of all pieces with one index make up those of the call. */
export interface ToolCallPiece {
  readonly index: number
  /** With the first piece. */
  readonly id?: string
  readonly type?: 'function'
  readonly function?: { readonly name?: string; readonly arguments?: string }
}

export interface TokenUsage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
  readonly [detail: string]: unknown
}

export interface ChatAnswer {
  readonly id: string
  readonly object: 'chat.completion'
  /** Seconds since 1970. */
  readonly created: number
  readonly model: string
  readonly choices: {
    readonly index: number
    readonly finish_reason: string
    readonly message: {
      readonly role: 'assistant'
      readonly content: string | null
      readonly refusal?: string | null
      readonly tool_calls?: ToolCall[]
      readonly [field: string]: unknown
    }
    readonly logprobs?: object | null
  }[]
  readonly usage?: TokenUsage
  readonly [field: string]: unknown
}

export interface ChatChunk {
  readonly id: string
  readonly object: 'chat.completion.chunk'
  /** Seconds since 1970. */
  readonly created: number
  readonly model: string
  readonly choices: {
    readonly index: number
    readonly finish_reason: string | null
    readonly delta: {
      readonly role?: string
      readonly content?: string | null
      readonly refusal?: string | null
      readonly tool_calls?: ToolCallPiece[]
      readonly [field: string]: unknown
    }
    readonly logprobs?: object | null
  }[]
  readonly usage?: TokenUsage | null
  readonly [field: string]: unknown
}

export interface EmbeddingAnswer {
  readonly object: 'list'
  readonly model: string
  readonly data: { readonly index: number; readonly embedding: number[] | string }[]
  readonly usage?: TokenUsage
  readonly [field: string]: unknown
}
