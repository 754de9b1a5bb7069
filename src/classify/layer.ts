import type { Call, Classification } from '../core/call.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'
import type { Handler, Layer } from '../core/handler.ts'
import type { AutoSettings } from '../core/settings.ts'
import { askClassifier } from './ask-classifier.ts'
import type { Classifier, Prompt } from './classifier.ts'
import { DEFAULT_TASK } from './llm.ts'
import { promptText } from './prompt-text.ts'
import { keywordRules } from './rules.ts'

export interface ClassifyOptions {
  /** The pools that are a choice by task, by name. */
  readonly auto: Readonly<Record<string, AutoSettings>>
  /** Answers the classifying call when no classifier is sure. Default: the handler that the layer wraps. */
  readonly ask?: Handler
  /** The classifiers of one such pool, asked in order until one is sure. Default: the keyword rules. */
  readonly classifiers?: (settings: AutoSettings) => readonly Classifier[]
  /** Default: the system's. */
  readonly clock?: Clock
}

/** One `auto` pool, ready to choose. */
interface Choice {
  readonly settings: AutoSettings
  readonly classifiers: readonly Classifier[]
  readonly pools: ReadonlyMap<string, string>
  readonly defaultPool: string
}

/**
 * Turns a call to an `auto` pool into one to the pool of its task, and writes down why. Rules decide first, free of
 * charge; what they leave open is asked of the classifier pool, if there is one; the rest goes to the default pool. No
 * failure of a classifier fails the call. Calls to other pools pass as they are, and so do classifying calls themselves,
 * so that a classifier pool that is `auto` itself cannot ask without end.
 * @throws Failure when an `auto` pool has no `default` among its pools.
 */
export function classify(options: ClassifyOptions): Layer {
  const clock = options.clock ?? systemClock
  const choices = new Map(
    Object.entries(options.auto).map(([name, settings]) => [name, choiceOf(name, settings, options)]),
  )
  return next => {
    const ask = options.ask ?? next
    return function classify(call) {
      const choice = call.purpose === 'classify' ? undefined : choices.get(call.pool)
      return choice ? classifyAndGoOn(call, choice) : next(call)
    }

    async function classifyAndGoOn(call: Call, choice: Choice) {
      const classification = await taskOf(call, choice, { ask, clock })
      call.record.classification = classification
      call.cancellation.throwIfCancelled()
      return next({ ...call, pool: choice.pools.get(classification.task) ?? choice.defaultPool })
    }
  }
}

function choiceOf(name: string, settings: AutoSettings, options: ClassifyOptions): Choice {
  const pools = new Map(Object.entries(settings.pools))
  const defaultPool = pools.get(DEFAULT_TASK)
  if (defaultPool === undefined)
    throw new Failure('invalid_request', `the pool ${name} chooses by task but has no default: add \`default: <pool>\``)
  const classifiers = options.classifiers?.(settings) ?? [keywordRules(settings.keywords)]
  return { settings, classifiers, pools, defaultPool }
}

async function taskOf(
  call: Call,
  { settings, classifiers }: Choice,
  { ask, clock }: { readonly ask: Handler; readonly clock: Clock },
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

function byDefault(reason: string): Classification {
  return { task: DEFAULT_TASK, by: DEFAULT_TASK, reason }
}
