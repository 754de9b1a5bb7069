import type { LimitLevel, RateLimit } from '../core/caller.ts'
import type { RateFields } from './fields.ts'

/** Whose limits are described. */
export interface LimitSubject {
  readonly level: LimitLevel
  readonly subject: string
  readonly name?: string | null
  /** The level of limits by pool, where there are such. */
  readonly poolLevel?: LimitLevel
}

/** The rate limits that somebody's fields describe; none where nothing is limited. */
export function rateLimits({ level, subject, name, poolLevel }: LimitSubject, fields: RateFields): RateLimit[] {
  const who = name ? { subject, name } : { subject }
  const limits: RateLimit[] = []
  const own = numbers(fields.rpm_limit, fields.tpm_limit, fields.max_parallel_requests)
  if (own) limits.push({ level, ...who, ...own })
  if (!poolLevel) return limits
  const { model_rpm_limit: rpm, model_tpm_limit: tpm } = fields
  for (const pool of new Set([...Object.keys(rpm ?? {}), ...Object.keys(tpm ?? {})])) {
    const some = numbers(rpm?.[pool], tpm?.[pool], undefined)
    if (some) limits.push({ level: poolLevel, ...who, pool, ...some })
  }
  return limits
}

type Said = number | null | undefined

function numbers(rpm: Said, tpm: Said, parallel: Said): Pick<RateLimit, 'rpm' | 'tpm' | 'parallel'> | undefined {
  if (!isSaid(rpm) && !isSaid(tpm) && !isSaid(parallel)) return undefined
  return { ...(isSaid(rpm) && { rpm }), ...(isSaid(tpm) && { tpm }), ...(isSaid(parallel) && { parallel }) }
}

function isSaid(value: Said): value is number {
  return value !== null && value !== undefined
}
