import type { TaskAutoSettings } from '../core/auto-settings.ts'
import type { Call, Classification } from '../core/call.ts'
import type { Clock } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'
import type { Handler } from '../core/handler.ts'
import { askClassifier } from './ask-classifier.ts'
import { byDefault, type Chooser, DEFAULT_TASK } from './chooser.ts'
import type { Classifier, Prompt } from './classifier.ts'
import { promptText } from './prompt-text.ts'

export interface TaskOptions {
  /** Asked in order until one is sure. */
  readonly classifiers: readonly Classifier[]
  readonly clock: Clock
}

/**
 * Chooses by the task of the prompt: rules decide first, free of charge; what they leave open is asked of the classifier
 * pool, if there is one; the rest goes to the default pool.
 * @throws Failure when there is no `default` among the pools.
 */
export function chooseByTask(name: string, settings: TaskAutoSettings, { classifiers, clock }: TaskOptions): Chooser {
  const pools = new Map(Object.entries(settings.pools))
  const defaultPool = pools.get(DEFAULT_TASK)
  if (defaultPool === undefined)
    throw new Failure('invalid_request', `the pool ${name} chooses by task but has no default: add \`default: <pool>\``)
  return async function chooseByTask(call, ask) {
    const classification = await taskOf(call, settings, { classifiers, clock, ask })
    return { pool: pools.get(classification.task) ?? defaultPool, classification }
  }
}

async function taskOf(
  call: Call,
  settings: TaskAutoSettings,
  { classifiers, ask, clock }: TaskOptions & { readonly ask: Handler },
): Promise<Classification> {
  const text = promptText(call.request)
  if (text === '') return byDefault('the request has no text of a user')
  const sure = firstSure(classifiers, { text, request: call.request })
  if (sure) return sure
  const { classifierPool } = settings
  if (classifierPool === undefined) return byDefault('no rule was sure, and no classifier pool is configured')
  return askClassifier(call, text, { settings: { ...settings, classifierPool }, ask, clock })
}

/** A classifier that throws is one that is not sure: the call is worth more than its label. */
function firstSure(classifiers: readonly Classifier[], prompt: Prompt): Classification | undefined {
  for (const classifier of classifiers) {
    try {
      const classification = classifier(prompt)
      if (classification) return classification
    } catch {}
  }
  return undefined
}
