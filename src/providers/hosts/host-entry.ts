import type { Host, Quirks } from '../host.ts'

/** Serves chats. */
export const CHAT_ONLY: Quirks = { embeddings: false }
/** Serves chats and embeddings. */
export const CHAT_AND_EMBEDDINGS: Quirks = { embeddings: true }

/**
 * Members that other hosts' messages may hold, or that OpenAI's SDK adds to them (`parsed`, `parsed_arguments`). A client sends the
 * whole conversation back, also when the next call goes to another host.
 */
export const FOREIGN: readonly string[] = [
  'reasoning_content',
  'thinking_blocks',
  'refusal',
  'annotations',
  'parsed',
  'parsed_arguments',
  'cache_control',
]

type HostDraft = Pick<Host, 'name'> & Partial<Host>

/** A host with what most hosts have in common filled in: OpenAI's API, a key that is required, chats without embeddings. */
export function host(draft: HostDraft): Host {
  return {
    protocol: 'openai',
    keyVariables: [],
    baseUrlVariables: [],
    keyRequired: true,
    aliases: [],
    quirks: CHAT_ONLY,
    ...draft,
  }
}
