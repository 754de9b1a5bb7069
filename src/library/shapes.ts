/**
 * The part of OpenAI's shapes that is named here; everything else that an upstream sends is there as well. Those who want
 * every field typed take the `openai` package's types, which these are compatible with.
 */
export interface ChatRequest {
  readonly model: string
  readonly messages: readonly object[]
  readonly stream?: boolean | null | undefined
  readonly [parameter: string]: unknown
}

export interface CompletionRequest {
  readonly model: string
  readonly prompt: string | readonly unknown[]
  readonly stream?: boolean | null | undefined
  readonly [parameter: string]: unknown
}

export interface EmbeddingRequest {
  readonly model: string
  readonly input: string | readonly unknown[]
  readonly [parameter: string]: unknown
}

export interface ToolCall {
  readonly id: string
  readonly type: 'function'
  readonly function: { readonly name: string; readonly arguments: string }
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
  readonly model: string
  readonly choices: readonly {
    readonly index: number
    readonly finish_reason: string
    readonly message: {
      readonly role: 'assistant'
      readonly content: string | null
      readonly tool_calls?: readonly ToolCall[]
      readonly [field: string]: unknown
    }
  }[]
  readonly usage?: TokenUsage
  readonly [field: string]: unknown
}

export interface ChatChunk {
  readonly id: string
  readonly object: 'chat.completion.chunk'
  readonly model: string
  readonly choices: readonly {
    readonly index: number
    readonly finish_reason: string | null
    readonly delta: { readonly role?: string; readonly content?: string | null; readonly [field: string]: unknown }
  }[]
  readonly usage?: TokenUsage | null
  readonly [field: string]: unknown
}

export interface EmbeddingAnswer {
  readonly object: 'list'
  readonly model: string
  readonly data: readonly { readonly index: number; readonly embedding: readonly number[] | string }[]
  readonly usage?: TokenUsage
  readonly [field: string]: unknown
}
