import type { Call } from './call.ts'

/** What records of calls may hold, and whom clients may keep from hearing of theirs. */
export interface LoggingRules {
  /** Callbacks and spans may hold prompts and answers. Default true; spans ask for `captureContent` as well. */
  readonly messages: boolean
  /** The same of answers that are streamed. Default true. */
  readonly streamedAnswers: boolean
  /** Records may name the caller's key and user. Default true. */
  readonly keys: boolean
  /** Records may hold the text of errors, which upstreams like to quote prompts in. Default true; else their kind only. */
  readonly errorTexts: boolean
  /** A client may keep a call from callbacks with `no-log`. Default true. */
  readonly obeyNoLog: boolean
  /** A client may switch callbacks off for a call, by name. Default true. */
  readonly obeyDisabling: boolean
  /** The user agent is among the tags that callbacks are told. Default true. */
  readonly userAgentTags: boolean
  /** Members that callbacks are not told. Default none. */
  readonly excludedFields: readonly string[]
}

export const DEFAULT_LOGGING: LoggingRules = {
  messages: true,
  streamedAnswers: true,
  keys: true,
  errorTexts: true,
  obeyNoLog: true,
  obeyDisabling: true,
  userAgentTags: true,
  excludedFields: [],
}

/** Whether the prompt and the answer of a call may be told: one deployment or the client against it is enough. */
export function mayTellContent({ options, record }: Call, rules: LoggingRules): boolean {
  if (!rules.messages || options.redactMessages) return false
  return record.attempts.every(({ deployment }) => deployment.logging?.messages !== false)
}

/** Whether the callback of this name is not told of the call. */
export function isMuted(name: string, { options, record }: Call, rules: LoggingRules): boolean {
  if (rules.obeyNoLog && options.noLog) return true
  if (rules.obeyDisabling && options.disabledCallbacks?.includes(name)) return true
  return record.attempts.some(({ deployment }) => deployment.logging?.disabledCallbacks?.includes(name))
}
