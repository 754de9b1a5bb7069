import type { SemanticAutoSettings, SemanticRoute } from '../core/auto-settings.ts'
import type { Call } from '../core/call.ts'
import type { Clock } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'
import type { Handler } from '../core/handler.ts'
import { byDefault, type Chooser, NOT_ASKED } from './chooser.ts'
import { startOf, wholePromptText } from './prompt-text.ts'
import { cosine, readVectors, type Vector } from './read-vectors.ts'
import { subCall } from './sub-call.ts'

/** Utterances of one embedding call: hosts take between 96 and 2,048. */
const BATCH = 96

interface Loading {
  /** Who pays for it, and with whom it ends. */
  readonly call: Call
  readonly vectors: Promise<readonly Vector[]>
}

/**
 * Chooses by meaning (LiteLLM's semantic auto router): embeds the last turn of the user that has text, and takes the
 * route with the most similar utterance, where that reaches the route's threshold. The utterances are embedded by the
 * first call that needs them, once, and again after a failure. Whatever fails leads to the default pool.
 */
export function chooseByMeaning(settings: SemanticAutoSettings, clock: Clock): Chooser {
  const { routes, defaultPool, embeddingPool, maxInputCharacters } = settings
  const routeVectors = new RouteVectors(settings, clock)
  return async function chooseByMeaning(call, ask) {
    const text = startOf(wholePromptText(call.request), maxInputCharacters)
    const toDefault = (reason: string) => ({ pool: defaultPool, classification: byDefault(reason) })
    if (text.trim() === '') return toDefault('the request has no text of a user')
    try {
      const vectors = await routeVectors.get(call, ask)
      const [prompt] = await embed(call, [text], { settings, ask, clock })
      if (prompt && vectors.some(vector => vector.length !== prompt.length)) {
        routeVectors.forget()
        return toDefault(`${embeddingPool} embeds with more than one model: the lengths of its vectors differ`)
      }
      const nearest = prompt && nearestRoute(routes, vectors, prompt)
      if (!nearest) return toDefault('there are no routes')
      const { route, utterance, score } = nearest
      const found = `${score.toFixed(3)} like ${JSON.stringify(utterance)} of ${route.pool}`
      if (score < route.scoreThreshold) return toDefault(`at most ${found}, which takes ${route.scoreThreshold}`)
      return {
        pool: route.pool,
        classification: { task: route.pool, by: 'semantic', reason: found, confidence: clamp(score) },
      }
    } catch (error) {
      const { kind, code, message } = Failure.from(error)
      if (code === NOT_ASKED)
        return toDefault(`${embeddingPool} would be asked to embed the prompt, and may choose another pool`)
      return toDefault(`${embeddingPool} did not embed the prompt: ${kind}: ${message}`)
    }
  }
}

interface Found {
  readonly route: SemanticRoute
  readonly utterance: string
  readonly score: number
}

/** The best route among those that reach their threshold; when none does, the nearest one all the same. */
function nearestRoute(routes: readonly SemanticRoute[], vectors: readonly Vector[], prompt: Vector): Found | undefined {
  let best: Found | undefined
  let at = 0
  const reaches = ({ route, score }: Found) => score >= route.scoreThreshold
  for (const route of routes) {
    for (const utterance of route.utterances) {
      const vector = vectors[at++]
      if (!vector) continue
      const found = { route, utterance, score: cosine(vector, prompt) }
      const isBetter =
        best === undefined || (reaches(found) === reaches(best) ? found.score > best.score : reaches(found))
      if (isBetter) best = found
    }
  }
  return best
}

/** The vectors of all utterances, in their order: as many as are configured, kept once they are there. */
class RouteVectors {
  readonly #settings: SemanticAutoSettings
  readonly #clock: Clock
  #vectors: readonly Vector[] | undefined
  #loading: Loading | undefined

  constructor(settings: SemanticAutoSettings, clock: Clock) {
    this.#settings = settings
    this.#clock = clock
  }

  /** Calls that come while they are being embedded wait for the first one; if its client leaves, the next one goes on. */
  async get(call: Call, ask: Handler): Promise<readonly Vector[]> {
    for (;;) {
      if (this.#vectors) return this.#vectors
      this.#loading ??= this.#load(call, ask)
      const loading = this.#loading
      try {
        return await loading.vectors
      } catch (error) {
        if (loading.call === call || !loading.call.cancellation.reason) throw error
        call.cancellation.throwIfCancelled()
      }
    }
  }

  forget(): void {
    this.#vectors = undefined
  }

  #load(call: Call, ask: Handler): Loading {
    const utterances = this.#settings.routes.flatMap(route => route.utterances)
    const vectors = embed(call, utterances, { settings: this.#settings, ask, clock: this.#clock })
      .then(loaded => {
        this.#vectors = loaded
        return loaded
      })
      .finally(() => {
        this.#loading = undefined
      })
    return { call, vectors }
  }
}

interface EmbedOptions {
  readonly settings: SemanticAutoSettings
  readonly ask: Handler
  readonly clock: Clock
}

/** One vector for each text, on the record of the call. */
async function embed(
  call: Call,
  texts: readonly string[],
  { settings, ask, clock }: EmbedOptions,
): Promise<readonly Vector[]> {
  const { embeddingPool: pool, embeddingTimeoutMs: timeoutMs } = settings
  const vectors: Vector[] = []
  for (let from = 0; from < texts.length; from += BATCH) {
    const input = texts.slice(from, from + BATCH)
    const request = { operation: 'embedding', body: { model: pool, input }, streamed: false } as const
    const read = readVectors(input.length)
    vectors.push(...(await subCall(call, { pool, request, timeoutMs, read }, { ask, clock })))
  }
  return vectors
}

function clamp(score: number): number {
  return Math.min(Math.max(score, 0), 1)
}
