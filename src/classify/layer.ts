import type { AutoSettings } from '../core/auto-settings.ts'
import type { Call } from '../core/call.ts'
import { type Clock, type Random, systemClock } from '../core/clock.ts'
import type { Layer } from '../core/handler.ts'
import type { PoolFacts } from '../core/pool-facts.ts'
import type { Request } from '../core/request.ts'
import type { Alias, RoutingSettings } from '../core/settings.ts'
import { chooseByComplexity } from './by-complexity.ts'
import { chooseByMeaning } from './by-meaning.ts'
import { chooseByTask } from './by-task.ts'
import type { Chooser } from './chooser.ts'
import type { Classifier } from './classifier.ts'
import { keywordRules } from './rules.ts'

export interface ClassifyOptions extends Pick<RoutingSettings, 'auto'> {
  /** Other names of pools. Default: none. */
  readonly aliases?: Readonly<Record<string, Alias>>
  /** The classifiers of pools that choose by task. Default: the keyword rules. */
  readonly classifiers?: (keywords: Readonly<Record<string, readonly string[]>>) => readonly Classifier[]
  /** What is known of a pool. Default: nothing. */
  readonly factsOf?: (pool: string) => PoolFacts
  /** About how many tokens the input of a request has. Default: 0, so that size decides nothing. */
  readonly inputTokens?: (request: Request) => number
  /** Default: the system's. */
  readonly clock?: Clock
  readonly random?: Random
}

/**
 * Turns a call to an automatic pool into one to the pool that its prompt belongs to, and writes down why. Calls that are
 * made to that end go down the same way, with purpose `classify`. No failure of a classifier fails the call. Calls to
 * other pools pass as they are, and so do classifying calls themselves, so that a classifier pool that is automatic
 * itself cannot ask without end.
 * @throws Failure when a pool that chooses by task has no `default` among its pools.
 */
export function classify(options: ClassifyOptions): Layer {
  const choosers = new Map(
    Object.entries(options.auto).map(([name, settings]) => [name, chooserOf(name, settings, options)]),
  )
  const aliases = new Map(Object.entries(options.aliases ?? {}))
  return next => {
    return function classify(call) {
      if (call.purpose === 'classify') return next(call)
      const chooser = choosers.get(call.pool) ?? choosers.get(aliases.get(call.pool)?.pool ?? '')
      return chooser ? chooseAndGoOn(call, chooser) : next(call)
    }

    async function chooseAndGoOn(call: Call, chooser: Chooser) {
      const { pool, classification, keep } = await chooser(call, next)
      call.record.classification = classification
      call.cancellation.throwIfCancelled()
      const answer = await next({ ...call, pool })
      keep?.()
      return answer
    }
  }
}

function chooserOf(name: string, settings: AutoSettings, options: ClassifyOptions): Chooser {
  const { clock = systemClock, random = Math.random, classifiers = rulesAlone } = options
  const { factsOf = () => NOTHING_KNOWN, inputTokens = () => 0 } = options
  switch (settings.by) {
    case 'task':
      return chooseByTask(name, settings, { classifiers: classifiers(settings.keywords), clock })
    case 'complexity':
      return chooseByComplexity(settings, { clock, random, factsOf, inputTokens })
    case 'semantic':
      return chooseByMeaning(settings, clock)
  }
}

const NOTHING_KNOWN: PoolFacts = { window: undefined, sees: undefined }

function rulesAlone(keywords: Readonly<Record<string, readonly string[]>>): readonly Classifier[] {
  return [keywordRules(keywords)]
}
