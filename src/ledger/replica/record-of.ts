import type { Answer, End } from '../../core/answer.ts'
import type { Attempt } from '../../core/call.ts'
import type { Ms } from '../../core/clock.ts'
import type { NanoUsd } from '../../core/money.ts'
import type { RateCard } from '../../core/price.ts'
import { shownBaseUrl } from '../../core/shown-address.ts'
import type { LedgerRecord } from '../record.ts'

/** What the attempt itself does not say. */
export interface RecordFacts {
  readonly replica: string
  readonly charge: NanoUsd
  readonly held: NanoUsd
  readonly overrun: NanoUsd
  /** How it ended. Undefined: it has not. */
  readonly ended?: Ended | undefined
}

export interface Ended {
  readonly end: End
  readonly answer: Answer | undefined
  /** Monotonic. */
  readonly at: Ms
}

/** The longest metadata that is kept with a row, in characters of JSON. */
const MAX_METADATA = 4_096

/** The row of an attempt. One that has not ended is `unsettled`: so it stays if its process dies. */
export function recordOf(attempt: Attempt, { replica, charge, held, overrun, ended }: RecordFacts): LedgerRecord {
  const { attempt: own, deployment, record, request, options } = attempt
  const { caller } = options
  const { usage } = own
  const failure = ended?.end.failure
  const startedAt = Math.round(record.startedAt + (own.start - record.start))
  return {
    id: own.id,
    call_id: attempt.id,
    number: own.number,
    purpose: own.purpose,
    replica,
    operation: request.operation,
    streamed: request.streamed ? 1 : 0,
    started_at: startedAt,
    ended_at: ended ? Math.round(startedAt + (ended.at - own.start)) : null,
    first_ms: own.firstAt === undefined ? null : Math.round(own.firstAt - own.start),
    key_id: caller?.keyId ?? null,
    user_id: caller?.userId ?? null,
    team_id: caller?.teamId ?? null,
    organization_id: caller?.organizationId ?? null,
    end_user: caller?.endUser ?? null,
    tags: tagsText(attempt),
    requested_pool: record.requestedPool,
    pool: attempt.pool,
    deployment_id: deployment.id,
    provider: deployment.provider,
    model: deployment.model,
    upstream_model: ended?.answer?.model ?? null,
    api_base: shownBaseUrl(deployment),
    outcome: ended?.end.outcome ?? 'unsettled',
    failure: failure?.kind ?? null,
    upstream_status: failure?.upstreamStatus ?? null,
    input_tokens: usage?.inputTokens ?? null,
    output_tokens: usage?.outputTokens ?? null,
    cache_read_tokens: usage?.cacheReadTokens ?? null,
    cache_write_tokens: cacheWrites(attempt),
    reasoning_tokens: usage?.reasoningTokens ?? null,
    cost: deployment.price ? String(ended ? (own.cost ?? 0n) : charge) : null,
    charge: String(charge),
    held: String(held),
    overrun: String(overrun),
    estimated: !ended || usage?.estimated ? 1 : 0,
    unpriced: deployment.price ? 0 : 1,
    price_source: deployment.price?.source ?? null,
    rates: deployment.price ? ratesText(deployment.price) : null,
    session_id: options.sessionId ?? null,
    trace_id: record.trace?.traceId ?? null,
    metadata: metadataText(attempt),
  }
}

function cacheWrites({ attempt: { usage } }: Attempt): number | null {
  if (usage?.cacheWriteTokens === undefined && usage?.cacheWrite1hTokens === undefined) return null
  return (usage.cacheWriteTokens ?? 0) + (usage.cacheWrite1hTokens ?? 0)
}

function tagsText({ options: { tags = NONE, recordTags = NONE, caller } }: Attempt): string | null {
  const own = caller?.tags ?? NONE
  if (tags.length + recordTags.length + own.length === 0) return null
  return JSON.stringify([...new Set([...own, ...tags, ...recordTags])])
}

function metadataText({ options: { metadata } }: Attempt): string | null {
  const own = metadata?.spend_logs_metadata
  if (own === undefined || own === null) return null
  const text = JSON.stringify(own)
  return text.length > MAX_METADATA ? null : text
}

const NONE: readonly string[] = []

const texts = new WeakMap<RateCard, string>()

/** The rates as JSON, written once per card. */
function ratesText(card: RateCard): string {
  let text = texts.get(card)
  if (text === undefined) {
    text = JSON.stringify({ ...card.rates, ...(card.tiers.length > 0 && { tiers: card.tiers }) }, digits)
    texts.set(card, text)
  }
  return text
}

function digits(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
