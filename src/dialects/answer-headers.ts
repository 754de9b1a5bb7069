import type { Answer } from '../core/answer.ts'
import type { AttemptRecord, Call, CallRecord } from '../core/call.ts'
import { callCharge, formatShare } from '../core/charge.ts'
import type { Ms } from '../core/clock.ts'
import { type Deployment, deploymentName } from '../core/deployment.ts'
import { formatUsd } from '../core/money.ts'
import { remembered } from '../core/remembered.ts'
import { shownBaseUrl } from '../core/shown-address.ts'
import { VERSION } from '../core/version.ts'
import { keyHeaders } from './key-headers.ts'
import { limitHeaders } from './limit-headers.ts'

/**
 * The headers that tell how a call went: ours, and LiteLLM's names for the same. The cost is known, and told, with a whole
 * answer; a stream's is in the records when it has ended. Behind `first`.
 */
export function answerHeaders(call: Call, answer: Answer, first: readonly string[] = []): string[] {
  const { record, id, options } = call
  const { deployment } = answer
  const headers = [...first, ...deploymentHeaders(deployment)]
  headers.push('x-request-id', id, 'x-tollgate-call-id', id, 'x-litellm-call-id', id)
  headers.push('x-tollgate-attempts', String(record.attempts.length))
  headers.push('x-litellm-attempted-retries', String(Math.max(record.attempts.length - 1 - record.fallbacks, 0)))
  headers.push('x-litellm-attempted-fallbacks', String(record.fallbacks))
  const answering = record.attempts.findLast(attempt => attempt.deployment === deployment)
  const dropped = answering?.droppedParameters
  if (dropped) headers.push('x-tollgate-dropped-params', headerText(dropped.join(',')))
  if (answering) pushTimes(headers, record, answering)
  if (record.queuedMs !== undefined) headers.push('x-litellm-request-prioritization-used', 'true')
  if (record.classification) headers.push('x-tollgate-task', headerText(record.classification.task))
  if (answer.ended && record.unpriced) headers.push('x-tollgate-unpriced', 'true')
  else if (answer.ended) pushCost(headers, record)
  if (options.caller) headers.push(...keyHeaders(options.caller))
  const keySpent = record.hold?.keySpent
  if (keySpent !== undefined) headers.push('x-litellm-key-spend', formatUsd(keySpent))
  const { standings = [] } = record
  const limited = standings.length > 0
  if (limited) headers.push(...limitHeaders(standings))
  for (const name in answer.upstreamHeaders) {
    const value = answer.upstreamHeaders[name]
    if (value === undefined) continue
    headers.push(`llm_provider-${name}`, headerText(value))
    // Where the caller has limits of ours, these are what it must keep to.
    if (!limited && name.startsWith('x-ratelimit-')) headers.push(name, headerText(value))
  }
  return headers
}

/** What is the same in every answer of a deployment: to write it takes 2 µs. */
const deploymentHeaders: (deployment: Deployment) => readonly string[] = remembered(deployment => {
  const pool = headerText(deployment.pool)
  const { region } = deployment.selection
  return [
    'x-tollgate-pool',
    pool,
    'x-tollgate-deployment',
    headerText(deploymentName(deployment)),
    'x-litellm-version',
    VERSION,
    'x-litellm-model-id',
    headerText(deployment.id),
    'x-litellm-model-group',
    pool,
    'x-litellm-model-api-base',
    shownBaseUrl(deployment),
    ...(region === undefined ? [] : ['x-litellm-model-region', headerText(region)]),
  ]
})

/**
 * How long the answer took, of a stream its first content, and how much of that was not spent at upstreams: waits between
 * attempts and our own work. Attempts that overlap count as if they did not.
 */
function pushTimes(headers: string[], { start, attempts }: CallRecord, answering: AttemptRecord): void {
  const until = answering.firstAt ?? answering.endedAt
  if (until === undefined) return
  let atUpstreams = 0
  for (const attempt of attempts)
    atUpstreams += (attempt === answering ? until : (attempt.endedAt ?? until)) - attempt.start
  headers.push('x-litellm-response-duration-ms', millisecondsText(until - start))
  headers.push('x-litellm-overhead-duration-ms', millisecondsText(Math.max(until - start - atUpstreams, 0)))
}

/** Of whole numbers, which are written in a fifth of the time that a fraction takes (0.9 µs). */
function millisecondsText(ms: Ms): string {
  const micros = Math.round(ms * 1_000)
  const rest = micros % 1_000
  return `${(micros - rest) / 1_000}.${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}`
}

/** Ours is what the providers ask; LiteLLM's is what is charged, which differs where discounts or margins are configured. */
function pushCost(headers: string[], { cost, attempts }: CallRecord): void {
  const charge = callCharge(attempts)
  headers.push('x-tollgate-cost-usd', formatUsd(cost))
  headers.push('x-litellm-response-cost', formatUsd(charge?.total ?? cost))
  if (!charge) return
  headers.push('x-litellm-response-cost-original', formatUsd(cost))
  headers.push('x-litellm-response-cost-discount-amount', formatUsd(charge.discount))
  headers.push('x-litellm-response-cost-margin-amount', formatUsd(charge.margin))
  const share = attempts.at(-1)?.charge?.marginShare ?? 0n
  headers.push('x-litellm-response-cost-margin-percent', formatShare(share))
}

/** A name from the configuration or from an upstream, fit for a header: visible ASCII only. */
export function headerText(text: string): string {
  return PLAIN.test(text) ? text : text.replace(/[^\x20-\x7e]/g, '?')
}

const PLAIN = /^[\x20-\x7e]*$/
