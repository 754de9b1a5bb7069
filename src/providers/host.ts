import type { LimitName } from './limit-names.ts'

/** What an upstream speaks. `mock` needs no upstream at all. */
export type ProtocolName = 'openai' | 'anthropic' | 'azure' | 'mock'

/** Where a host departs from OpenAI's API, as far as its documentation says so. Absent means: as OpenAI does. */
export interface Quirks {
  /** Serves `/embeddings`. */
  readonly embeddings: boolean
  /** False: `stream_options` is refused; the host reports usage in a stream without being asked, or never. */
  readonly streamOptions?: false
  /** The only name under which it takes the limit of output tokens. */
  readonly maxTokensField?: LimitName
  /** Models that take that limit as `max_completion_tokens` only, in chats. */
  readonly newLimitModels?: RegExp
  /** A member of the last stream event under which usage may stand, besides `usage` itself. */
  readonly streamUsageIn?: string
  /** Parameters of OpenAI's API that it answers with an error. */
  readonly unsupported?: readonly string[]
  /** Members of messages, their parts and calls, and of tools that it answers with an error. */
  readonly unsupportedInMessages?: readonly string[]
  /** OpenAI's name of a parameter to the host's. */
  readonly rename?: Readonly<Record<string, string>>
}

/** A company, project or machine that serves models over HTTP. */
export interface Host {
  /** As in `litellm_params.model: NAME/...`. */
  readonly name: string
  readonly protocol: ProtocolName
  /** Without a trailing slash; `/chat/completions` (openai) or `/v1/messages` (anthropic) is put behind it. */
  readonly baseUrl?: string
  /** Put behind a configured base URL that is a bare origin: LiteLLM's users write Ollama's without `/v1`. */
  readonly basePath?: string
  /** Environment variables that may hold the key; the first that is set wins. */
  readonly keyVariables: readonly string[]
  /** Environment variables that may hold another base URL. */
  readonly baseUrlVariables: readonly string[]
  /** False for servers that are usually open: a deployment without a key is kept. */
  readonly keyRequired: boolean
  /** Other spellings of the name. */
  readonly aliases: readonly string[]
  readonly quirks: Quirks
}
