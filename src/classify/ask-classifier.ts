import type { TaskAutoSettings } from '../core/auto-settings.ts'
import type { Call, Classification } from '../core/call.ts'
import { Failure } from '../core/failure.ts'
import { byDefault, NOT_ASKED } from './chooser.ts'
import { askForTask, readTask } from './llm.ts'
import { readText } from './read-text.ts'
import { type SubCallOptions, subCall } from './sub-call.ts'

/** The longest piece of a classifier's answer that is repeated to people. */
const QUOTED = 40

export interface AskOptions extends SubCallOptions {
  readonly settings: TaskAutoSettings & { readonly classifierPool: string }
}

/**
 * Layer 2: asks the classifier pool for the task of a prompt. It never fails the call: a classifier that fails, is slow
 * or talks nonsense means `default`, with the reason.
 */
export async function askClassifier(call: Call, text: string, options: AskOptions): Promise<Classification> {
  const { classifierPool: pool, classifierTimeoutMs: timeoutMs, pools } = options.settings
  const tasks = Object.keys(pools)
  try {
    const request = askForTask({ pool, text, tasks })
    const answer = await subCall(call, { pool, request, timeoutMs, read: readText }, options)
    return { task: readTask(answer, tasks), by: 'llm', reason: `${pool} answered ${quote(answer)}` }
  } catch (error) {
    const { kind, code, message } = Failure.from(error)
    if (code === NOT_ASKED)
      return byDefault(`the rules leave it open; ${pool} would be asked, and may choose another pool`)
    return byDefault(`${pool} failed: ${kind}: ${message}`)
  }
}

function quote(answer: string): string {
  const text = answer.trim()
  return JSON.stringify(text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text)
}
