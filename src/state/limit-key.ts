import { createHash } from 'node:crypto'
import type { RateLimit } from '../core/caller.ts'

/** Names what a limit counts; limits of the same level, subject and pool count together. */
export function limitKey({ level, subject, pool }: RateLimit): string {
  const key = `${level}|${encodeURIComponent(subject)}`
  const whole = pool === undefined ? key : `${key}|${encodeURIComponent(pool)}`
  // Subjects may come from clients (end users, tags): however long they are, the key is not.
  return whole.length <= MAX_LENGTH ? whole : `${level}|sha256:${createHash('sha256').update(whole).digest('hex')}`
}

const MAX_LENGTH = 200
