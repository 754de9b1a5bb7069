import { createHash } from 'node:crypto'
import { BoundedMap } from '../core/bounded-map.ts'
import type { Attempt, Call } from '../core/call.ts'
import type { Clock, Ms } from '../core/clock.ts'
import { follow, type Layer } from '../core/handler.ts'
import { isObject, type Json, type JsonObject } from '../core/json.ts'
import type { Request } from '../core/request.ts'
import type { AffinitySettings } from '../core/settings.ts'
import type { InputTokenBounds } from './filters/filter.ts'
import { own } from './records.ts'

/** How long a provider's prompt cache is taken to remember a prefix. */
const PROMPT_CACHE_TTL_MS: Ms = 300_000
/** Shorter prompts are not cached by providers. */
const PROMPT_CACHE_TOKENS = 1024

export type AffinityName = 'session-affinity' | 'prompt-cache-affinity' | 'key-affinity'

/** The deployment that calls like this one went to before. */
export interface Preference {
  readonly id: string
  readonly by: AffinityName
}

interface Entry {
  readonly id: string
  readonly expiresAt: Ms
}

/** Whether any kind of affinity is switched on, for any pool. */
export function hasAffinity(settings: AffinitySettings): boolean {
  return [settings, ...Object.values(settings.pools)].some(one => one.bySession || one.byKey || one.byPromptCache)
}

export interface AffinityOptions {
  readonly clock: Clock
  readonly inputTokenBounds: InputTokenBounds
  /** Entries kept at most; the least recently used ones go. Default 10,000. */
  readonly maxEntries?: number
}

/**
 * Remembers which deployment answered a session, a prompt prefix or a key, so that the next call of it goes there while
 * that is available. A preference, never a must.
 */
export class Affinity {
  readonly #settings: AffinitySettings
  readonly #clock: Clock
  readonly #inputTokenBounds: InputTokenBounds
  readonly #entries: BoundedMap<string, Entry>
  readonly #prefixes = new WeakMap<Request, string | null>()

  constructor(settings: AffinitySettings, { clock, inputTokenBounds, maxEntries = 10_000 }: AffinityOptions) {
    this.#settings = settings
    this.#clock = clock
    this.#inputTokenBounds = inputTokenBounds
    this.#entries = new BoundedMap(maxEntries)
  }

  /** Where a call of this pool went before: by session, else by prompt prefix, else by key. */
  preferred(call: Call, pool: string): Preference | undefined {
    for (const [by, key] of this.#keys(call, pool)) {
      const entry = this.#entries.get(key)
      if (!entry) continue
      if (entry.expiresAt > this.#clock.monotonic()) return { id: entry.id, by }
      this.#entries.delete(key)
    }
    return undefined
  }

  /** An attempt was answered: its like shall come here again. */
  remember(attempt: Attempt): void {
    const now = this.#clock.monotonic()
    for (const [by, key] of this.#keys(attempt, attempt.pool)) {
      const ttl = by === 'prompt-cache-affinity' ? PROMPT_CACHE_TTL_MS : this.#settings.ttlMs
      this.#entries.set(key, { id: attempt.deployment.id, expiresAt: now + ttl })
    }
  }

  *#keys({ options, request }: Call, pool: string): Generator<readonly [AffinityName, string]> {
    const { bySession, byPromptCache, byKey } = own(this.#settings.pools, pool) ?? this.#settings
    const caller = options.caller?.keyId ?? ''
    if (bySession && options.sessionId) yield ['session-affinity', keyOf('s', pool, caller, options.sessionId)]
    const prefix = byPromptCache ? this.#prefixOf(request) : undefined
    if (prefix) yield ['prompt-cache-affinity', keyOf('p', pool, caller, prefix)]
    if (byKey && caller) yield ['key-affinity', keyOf('k', pool, caller)]
  }

  /** A hash of the part of the prompt that a cache marker covers; reckoned once for a request. */
  #prefixOf(request: Request): string | undefined {
    let prefix = this.#prefixes.get(request)
    if (prefix === undefined) {
      const part = markedPart(request.body)
      const isLong = part !== undefined && this.#inputTokenBounds(request).likely >= PROMPT_CACHE_TOKENS
      prefix = isLong ? createHash('sha256').update(JSON.stringify(part)).digest('base64') : null
      this.#prefixes.set(request, prefix)
    }
    return prefix ?? undefined
  }
}

const keyOf = (...parts: readonly string[]) => parts.join('\0')

/** Remembers every attempt that was answered, also when its reader left after the first content. */
export const affinityLayer =
  (affinity: Affinity): Layer<Attempt> =>
  next =>
    function rememberAffinity(attempt) {
      return follow(next, attempt, (end, answer) => {
        if (answer && end.outcome !== 'failed') affinity.remember(attempt)
      })
    }

/** Tools and messages up to the last block with `cache_control`; undefined without one. */
function markedPart({ tools, messages }: JsonObject): Json | undefined {
  const list = Array.isArray(messages) ? messages : []
  const last = list.findLastIndex(isMarked)
  if (last < 0 && !(Array.isArray(tools) && tools.some(isMarked))) return undefined
  return [tools ?? null, list.slice(0, last + 1)]
}

function isMarked(part: Json): boolean {
  if (!isObject(part)) return false
  if (part.cache_control !== undefined) return true
  return Array.isArray(part.content) && part.content.some(isMarked)
}
