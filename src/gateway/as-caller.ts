import type { IncomingHttpHeaders } from 'node:http'
import type { Callers } from '../access/callers.ts'
import type { CallOptions } from '../core/call.ts'
import type { Caller } from '../core/caller.ts'
import { Failure } from '../core/failure.ts'
import { poolForbidden, whoForbids } from '../core/may-use.ts'
import type { Asked } from '../dialects/openai.ts'
import type { CallRouter } from '../router.ts'

/**
 * A request as its caller may make it: names that the caller has for pools become pools, what the caller's settings say
 * holds where the request does not, and the pool is one that it may use. @throws Failure `forbidden`
 */
export function asCaller(asked: Asked, caller: Caller | undefined, { pools }: Pick<CallRouter, 'pools'>): Asked {
  if (!caller) return asked
  const { aliases } = caller
  const pool = aliases && Object.hasOwn(aliases, asked.pool) ? (aliases[asked.pool] ?? asked.pool) : asked.pool
  // Asked for by its upstream model, a name is no alias.
  requirePool(caller, pool, asked.options.specificDeployment ? pool : pools.targetOf(pool))
  return {
    ...asked,
    pool,
    options: { caller, ...caller.options, ...ownFallbacks(caller, pool), ...withTags(asked.options, caller) },
  }
}

/** @throws Failure `forbidden`, naming what may be used. */
export function requirePool(caller: Caller, pool: string, target: string): void {
  const grant = whoForbids(caller, pool, target)
  if (grant) throw poolForbidden(grant, pool)
}

function ownFallbacks({ fallbacks }: Caller, pool: string): Pick<CallOptions, 'fallbacks'> {
  if (!fallbacks) return {}
  const found = Object.hasOwn(fallbacks, pool) ? fallbacks[pool] : fallbacks['*']
  return found ? { fallbacks: found } : {}
}

function withTags(options: CallOptions, { tags }: Caller): CallOptions {
  if (!tags) return options
  return { ...options, tags: options.tags ? [...new Set([...tags, ...options.tags])] : tags }
}

/** Headers by which a caller says for whom it asks; they come before `user` in the body. */
const END_USER_HEADERS = ['x-litellm-customer-id', 'x-litellm-end-user-id'] as const

export interface SubjectOptions {
  readonly callers: Pick<Callers, 'withSubjects'>
  readonly caller: Caller
  readonly headers: IncomingHttpHeaders
}

/**
 * The caller together with its end user and the request's tags; the same one where there are neither. A promise only when
 * somebody must be looked up. @throws Failure `invalid_request` for an end user that is no text, `forbidden` for a blocked one
 */
export function withSubjects(asked: Asked, { callers, caller, headers }: SubjectOptions): Caller | Promise<Caller> {
  const endUser = endUserOf(headers, asked.request.body.user)
  const { tags } = asked.options
  if (endUser === undefined && !tags && !caller.tags) return caller
  return callers.withSubjects(caller, { endUser, tags })
}

function endUserOf(headers: IncomingHttpHeaders, user: unknown): string | undefined {
  for (const name of END_USER_HEADERS) {
    const value = headers[name]
    if (typeof value === 'string' && value !== '') return value
  }
  // As LiteLLM reads it: a number may not be a way around what is said of the text.
  if (typeof user === 'number') return String(user)
  if (user === undefined || user === null || user === '') return undefined
  if (typeof user === 'string') return user
  throw new Failure('invalid_request', "'user' must be a string", { param: 'user' })
}
