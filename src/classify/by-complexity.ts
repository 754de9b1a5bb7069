import { createHash } from 'node:crypto'
import type { ComplexityAutoSettings, ComplexityTier } from '../core/auto-settings.ts'
import { BoundedMap } from '../core/bounded-map.ts'
import type { Call } from '../core/call.ts'
import type { Clock, Ms } from '../core/clock.ts'
import type { Request } from '../core/request.ts'
import { byDefault, type Choice, type Chooser } from './chooser.ts'
import { complexityClassifier } from './complexity.ts'
import { isContinuation, promptText } from './prompt-text.ts'
import { type PlacementOptions, placement } from './tier-placement.ts'

export interface ComplexityOptions extends PlacementOptions {
  readonly clock: Clock
}

/** Sessions and turns that are remembered at most; the least recently used ones are forgotten first. */
const MAX_REMEMBERED = 10_000
/** How long a turn is remembered. */
const TURN_TTL_MS: Ms = 3_600_000

interface Remembered {
  readonly choice: Choice
  readonly expiresAt: Ms
}

/**
 * Chooses by the complexity of what the user asked last (LiteLLM's complexity router): a tier by score or keyword rule,
 * and one of the tier's pools. Without text of a user it is the default pool. What was moved for its size or its pictures
 * is never remembered, so that a session goes back when it has shrunk.
 */
export function chooseByComplexity(settings: ComplexityAutoSettings, options: ComplexityOptions): Chooser {
  const classify = complexityClassifier(settings.scoring, settings.scores)
  const place = placement(settings, options)
  const memory = new BoundedMap<string, Remembered>(MAX_REMEMBERED)
  const recall = (key: string) => {
    const entry = memory.get(key)
    return entry && entry.expiresAt > options.clock.monotonic() ? entry.choice : undefined
  }
  return function chooseByComplexity(call) {
    const keys = keysOf(call, settings)
    const keep = (choice: Choice) => () => {
      for (const { key, ttlMs } of keys) memory.set(key, { choice, expiresAt: options.clock.monotonic() + ttlMs })
    }
    for (const { key, recalls, what } of keys) {
      const known = recalls ? recall(key) : undefined
      if (known) return { ...again(known, what), keep: keep(known) }
    }
    const choice = fresh(call.request)
    return choice.moved || keys.length === 0 ? choice : { ...choice, keep: keep(choice) }
  }

  function fresh(request: Request): Choice & { readonly moved: boolean } {
    const found = classify({ text: '', request }) ?? byDefault(whyDefault(request, settings))
    const { pool, moved } = place(request, tierOf(found.task))
    const reason = moved === undefined ? found.reason : `${found.reason}; ${moved}`
    return { pool, classification: { ...found, reason }, moved: moved !== undefined }
  }
}

/** The task of a classification is a tier, or `default`. */
function tierOf(task: string): ComplexityTier | undefined {
  return task === 'SIMPLE' || task === 'MEDIUM' || task === 'COMPLEX' || task === 'REASONING' ? task : undefined
}

function whyDefault(request: Request, { scoring }: ComplexityAutoSettings): string {
  if (promptText(request, scoring.reminderMarkers) === '') return 'the request has no text of a user'
  return 'no keyword rule matched, and the score is switched off'
}

function again({ pool, classification }: Choice, what: string): Choice {
  return { pool, classification: { ...classification, by: what, reason: `as before: ${classification.reason}` } }
}

interface Key {
  readonly key: string
  /** Whether this call follows what is remembered; it is remembered in any case. */
  readonly recalls: boolean
  readonly what: 'session' | 'turn'
  readonly ttlMs: Ms
}

/** What a choice is remembered by: its session, and the turn of the user that it belongs to. */
function keysOf({ options, request }: Call, settings: ComplexityAutoSettings): readonly Key[] {
  const { sessionTtlMs, oncePerTurn, scoring } = settings
  const { sessionId = '', caller } = options
  const whose = `${caller?.keyId ?? ''}\0${sessionId}`
  const keys: Key[] = []
  if (sessionTtlMs !== undefined && sessionId !== '')
    keys.push({ key: `s\0${whose}`, recalls: true, what: 'session', ttlMs: sessionTtlMs })
  const ask = oncePerTurn ? promptText(request, scoring.reminderMarkers) : ''
  if (ask !== '') {
    const hash = createHash('sha256').update(ask).digest('base64')
    const recalls = isContinuation(request, scoring.reminderMarkers)
    keys.push({ key: `t\0${whose}\0${hash}`, recalls, what: 'turn', ttlMs: TURN_TTL_MS })
  }
  return keys
}
