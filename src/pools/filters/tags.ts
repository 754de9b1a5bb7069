import type { Call } from '../../core/call.ts'
import type { Deployment } from '../../core/deployment.ts'
import type { TagSettings } from '../../core/settings.ts'
import type { Candidate } from '../strategy.ts'
import { type TagOrders, tagOrdersOf } from './tag-orders.ts'

/** LiteLLM's words, which clients look for. */
export const TAGS_REFUSED = 'Not allowed to access model due to tags configuration'

const DEFAULT = 'default'

/** Whether the pool routes by tags: what its deployments say, in either direction, before the router's setting. */
export function filtersTags(deployments: readonly Deployment[], settings: TagSettings): boolean {
  const own = deployments.find(({ selection }) => selection.tagFiltering !== undefined)
  return own?.selection.tagFiltering ?? settings.enabled
}

/**
 * The deployments that a call's tags lead to, after LiteLLM's rules: `!tag` excludes, then `&tag` requires, then a
 * match of plain tags or of a pattern against the user agent is preferred. Without a match, and for calls without plain
 * tags, the deployments tagged `default` answer; calls without plain tags may go anywhere when there are none.
 * When nothing is left, the pool's untagged rule applies if all of its deployments allow that (`failOpen`).
 */
export function byTags(
  candidates: readonly Candidate[],
  call: Call,
  { settings, failOpen }: { readonly settings: TagSettings; readonly failOpen: boolean },
): readonly Candidate[] {
  const orders = tagOrdersOf(call, settings)
  const kept = follow(candidates, orders, settings)
  return kept.length === 0 && failOpen ? untagged(candidates) : kept
}

function follow(candidates: readonly Candidate[], orders: TagOrders, settings: TagSettings): readonly Candidate[] {
  const { plain, required, excluded } = orders
  const constrained = required.length + excluded.length > 0
  const fit = constrained ? candidates.filter(one => isFit(one.deployment, orders)) : candidates
  const matching = fit.filter(one => matches(one.deployment, orders, settings.matchAny))
  if (matching.length > 0) return matching
  if (plain.length > 0) return fit.filter(isDefault)
  if (!constrained) return untagged(fit)
  const pool = untagged(candidates)
  return fit.filter(one => pool.includes(one))
}

/** Those that a call without tags may use: the default ones if there are any, else all. */
function untagged(candidates: readonly Candidate[]): readonly Candidate[] {
  const defaults = candidates.filter(isDefault)
  return defaults.length > 0 ? defaults : candidates
}

function isDefault({ deployment }: Candidate): boolean {
  return deployment.selection.tags.includes(DEFAULT)
}

function isFit({ selection: { tags } }: Deployment, { required, excluded }: TagOrders): boolean {
  return !excluded.some(tag => tags.includes(tag)) && required.every(tag => tags.includes(tag))
}

/** A pattern counts as a match, but does not make up for plain tags that must all be there and are not. */
function matches({ selection }: Deployment, { plain, userAgent }: TagOrders, matchAny: boolean): boolean {
  const { tags, tagPatterns } = selection
  if (plain.length > 0) {
    if (!matchAny) return plain.every(tag => tags.includes(tag))
    if (plain.some(tag => tags.includes(tag))) return true
  }
  return userAgent !== undefined && tagPatterns.some(pattern => userAgent.search(pattern) >= 0)
}

/** Why the tags left one out, in words. */
export function explainTags({ deployment }: Candidate, call: Call, settings: TagSettings): string {
  const { tags } = deployment.selection
  const { plain, required, excluded } = tagOrdersOf(call, settings)
  const has = excluded.find(tag => tags.includes(tag))
  if (has) return `has the excluded tag ${has}`
  const lacks = required.find(tag => !tags.includes(tag))
  if (lacks) return `lacks the required tag ${lacks}`
  const own = tags.length > 0 ? `tagged ${tags.join(', ')}` : 'without tags'
  return plain.length > 0 ? `${own}; asked for ${plain.join(', ')}` : `${own}; others are for calls like this`
}
