import type { Answer, End } from '../../core/answer.ts'
import type { Attempt } from '../../core/call.ts'
import type { Caller } from '../../core/caller.ts'
import type { Ms } from '../../core/clock.ts'
import type { Deployment } from '../../core/deployment.ts'
import type { JsonObject } from '../../core/json.ts'
import type { NanoUsd } from '../../core/money.ts'
import type { RateCard } from '../../core/price.ts'
import { shownBaseUrl } from '../../core/shown-address.ts'
import { storableJson } from '../../core/storable.ts'
import { type Usage, usageDetails } from '../../core/usage.ts'
import type { LedgerRecord } from '../record.ts'

/**
 * Writes rows (`LedgerRecord`) as JSON, in parts: what all rows of a caller, and all of a deployment, have in common, which is
 * written once for all of them; what is known before the dial; and what the end says. Members that are null are left out. An
 * object of 43 members would take 3.5 µs to make and to print.
 */

/** The longest metadata that is kept with a row, in characters of JSON. */
const MAX_METADATA = 4_096
/** As much of a name that a client makes up: a body of many megabytes may be one, and rows wait in memory. */
const MAX_NAME = 256

/** The members that a row has in common with others: the same texts for the same caller and deployment. */
export function sharedMembers({ deployment, options: { caller } }: Attempt): readonly string[] {
  const place = textOf(deployment, deploymentTexts, deploymentMembers)
  return caller ? [place, textOf(caller, callerTexts, callerMembers)] : [place]
}

export interface BegunFacts {
  readonly replica: string
  /** What the attempt may cost at most. */
  readonly held: NanoUsd
}

/** The members of its own that are known before the dial and do not change. */
export function begunMembers(attempt: Attempt, { replica, held }: BegunFacts): string {
  const { attempt: own, record, request, options } = attempt
  const { requestedPool, trace } = record
  return (
    `"id":"${own.id}","call_id":"${attempt.id}","number":${own.number},"purpose":"${own.purpose}"` +
    `,"replica":"${replica}","operation":"${request.operation}","streamed":${request.streamed ? 1 : 0}` +
    `,"started_at":${startOf(attempt)},"held":"${held}","pool":${JSON.stringify(attempt.pool)}` +
    text('requested_pool', requestedPool.slice(0, MAX_NAME)) +
    text('tags', tagsText(attempt)) +
    text('session_id', options.sessionId?.slice(0, MAX_NAME)) +
    text('trace_id', trace?.traceId) +
    text('metadata', metadataText(attempt))
  )
}

/** The other members of an attempt whose process died before it ended: it is charged the most. */
export function unsettledMembers({ unpriced }: JsonObject, charge: NanoUsd): JsonObject {
  const amount = String(charge)
  return { outcome: 'unsettled', charge: amount, overrun: '0', estimated: 1, ...(unpriced === 0 && { cost: amount }) }
}

/** How an attempt ended, and what it is charged. */
export interface Ended {
  readonly end: End
  readonly answer: Answer | undefined
  /** Monotonic. */
  readonly at: Ms
  readonly charge: NanoUsd
  readonly overrun: NanoUsd
}

/** The other members of an attempt that has ended. */
export function endedMembers(attempt: Attempt, { end, answer, at, charge, overrun }: Ended): string {
  const { attempt: own, deployment } = attempt
  const { usage } = own
  return (
    `"outcome":"${end.outcome}","charge":"${charge}","overrun":"${overrun}","estimated":${usage?.estimated ? 1 : 0}` +
    (deployment.price ? `,"cost":"${own.cost ?? 0n}"` : '') +
    `,"ended_at":${Math.round(startOf(attempt) + (at - own.start))}` +
    number('first_ms', own.firstAt === undefined ? undefined : Math.round(own.firstAt - own.start)) +
    text('upstream_model', answer?.model) +
    text('failure', end.failure?.kind) +
    number('upstream_status', end.failure?.upstreamStatus) +
    number('input_tokens', usage?.inputTokens) +
    number('output_tokens', usage?.outputTokens) +
    number('cache_read_tokens', usage?.cacheReadTokens) +
    number('cache_write_tokens', cacheWrites(attempt)) +
    number('reasoning_tokens', usage?.reasoningTokens) +
    text('usage_details', usage && detailsText(usage)) +
    (usage?.serviceTier === undefined && !own.isLowerBound ? '' : ratesMembers(attempt))
  )
}

/** In place of what all rows of the deployment have in common: by which rates this one was charged. */
function ratesMembers({ attempt: { isLowerBound, usage }, deployment: { price } }: Attempt): string {
  const tier = usage?.serviceTier
  if (!price || (!isLowerBound && (tier === undefined || tier === 'default'))) return ''
  const hasOwn = tier !== undefined && tier !== 'default' && tier !== 'other' && price.services?.[tier] !== undefined
  const charged = hasOwn ? `${price.source}, service tier ${tier}` : price.source
  if (!isLowerBound) return hasOwn ? text('price_source', charged) : ''
  const unknown = [
    tier !== undefined && tier !== 'default' && tier !== 'flex' && !hasOwn && `no rates of service tier ${tier}`,
    usage?.webSearches && 'no rate of a web search',
  ]
  return `,"unpriced":1${text('price_source', [charged, ...unknown.filter(Boolean)].join(', '))}`
}

function startOf({ record, attempt: { start } }: Attempt): Ms {
  return Math.round(record.startedAt + (start - record.start))
}

function text(name: keyof LedgerRecord, value: string | null | undefined): string {
  return value === undefined || value === null ? '' : `,"${name}":${JSON.stringify(value)}`
}

/** A whole number: a column takes no other, and one row that it did not take would keep all others out. */
function number(name: keyof LedgerRecord, value: number | undefined): string {
  if (value === undefined) return ''
  const whole = Math.round(value)
  return Number.isSafeInteger(whole) ? `,"${name}":${whole}` : ''
}

const callerTexts = new WeakMap<Caller, string>()
const deploymentTexts = new WeakMap<Deployment, string>()

/** Written once per object, of members that each begin with a comma. */
function textOf<Of extends object>(one: Of, known: WeakMap<Of, string>, write: (one: Of) => string): string {
  let members = known.get(one)
  if (members === undefined) {
    members = `{${write(one).slice(1)}}`
    known.set(one, members)
  }
  return members
}

function callerMembers({ keyId, userId, teamId, organizationId, endUser }: Caller): string {
  return (
    text('key_id', keyId) +
    text('user_id', userId) +
    text('team_id', teamId) +
    text('organization_id', organizationId) +
    text('end_user', endUser)
  )
}

function deploymentMembers(deployment: Deployment): string {
  const { id, provider, model, price } = deployment
  return (
    text('deployment_id', id) +
    text('provider', provider) +
    text('model', model) +
    text('api_base', shownBaseUrl(deployment)) +
    number('unpriced', price ? 0 : 1) +
    text('price_source', price?.source) +
    text('rates', price && ratesText(price))
  )
}

function detailsText(usage: Usage): string | undefined {
  const details = usageDetails(usage)
  return details && JSON.stringify(details)
}

function cacheWrites({ attempt: { usage } }: Attempt): number | undefined {
  if (usage?.cacheWriteTokens === undefined && usage?.cacheWrite1hTokens === undefined) return undefined
  return (usage.cacheWriteTokens ?? 0) + (usage.cacheWrite1hTokens ?? 0)
}

function tagsText({ options: { tags = NONE, recordTags = NONE, caller } }: Attempt): string | undefined {
  const own = caller?.tags ?? NONE
  if (tags.length + recordTags.length + own.length === 0) return undefined
  return storableJson(JSON.stringify([...new Set([...own, ...tags, ...recordTags])]))
}

function metadataText({ options: { metadata } }: Attempt): string | undefined {
  const own = metadata?.spend_logs_metadata
  if (own === undefined || own === null) return undefined
  const text = storableJson(JSON.stringify(own))
  return text.length > MAX_METADATA ? undefined : text
}

const NONE: readonly string[] = []

/** The rates as JSON. */
function ratesText({ rates, tiers, services }: RateCard): string {
  return JSON.stringify({ ...rates, ...(tiers.length > 0 && { tiers }), ...(services && { services }) }, digits)
}

function digits(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
