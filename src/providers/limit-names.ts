/** OpenAI's names of the limit of output tokens: the older one, and the one that its newer models ask for. */
export type LimitName = 'max_tokens' | 'max_completion_tokens'

/** Each name of the limit to the other: an upstream takes one of them, and refuses both at once. */
export const OTHER_LIMIT_NAME: ReadonlyMap<string, LimitName> = new Map([
  ['max_tokens', 'max_completion_tokens'],
  ['max_completion_tokens', 'max_tokens'],
])
