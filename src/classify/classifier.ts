import type { Classification } from '../core/call.ts'
import type { Request } from '../core/request.ts'

/** What a classifier is given: the text to judge, and the request that it was taken from. */
export interface Prompt {
  /** The last thing the user said, bounded and without reminders (see prompt-text.ts). */
  readonly text: string
  readonly request: Request
}

/**
 * Names the task of a prompt, or gives back undefined when it is not sure. Synchronous and pure: it runs on the way of
 * every `auto` call, so it dials nobody and is linear in the text.
 */
export type Classifier = (prompt: Prompt) => Classification | undefined
