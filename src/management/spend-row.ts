import type { Selectable } from 'kysely'
import { nanoToUsd } from '../core/money.ts'
import type { LedgerTable } from '../store/schema.ts'

/** One attempt, as it stands in the ledger. */
export type AttemptRow = Selectable<LedgerTable>

const CALL_TYPES: Readonly<Record<string, string>> = {
  chat: 'acompletion',
  completion: 'atext_completion',
  embedding: 'aembedding',
}

/**
 * LiteLLM's row of a request, made of the attempts of a call in the order of their numbers: money and tokens are those of
 * all attempts, the rest is told of the last one that was to answer.
 */
export function spendRow(attempts: readonly [AttemptRow, ...AttemptRow[]], aliases: ReadonlyMap<string, string>) {
  const [first] = attempts
  const answering = attempts.filter(one => one.purpose === 'answer')
  const last = answering.at(-1) ?? attempts.at(-1) ?? first
  const tokens = (name: 'input_tokens' | 'output_tokens') =>
    attempts.reduce((sum, one) => sum + Number(one[name] ?? 0), 0)
  const [prompt, completion] = [tokens('input_tokens'), tokens('output_tokens')]
  const { key_id: key } = last
  return {
    request_id: first.call_id,
    call_type: CALL_TYPES[last.operation] ?? last.operation,
    api_key: key ?? '',
    spend: nanoToUsd(attempts.reduce((sum, one) => sum + BigInt(one.charge), 0n)),
    total_tokens: prompt + completion,
    prompt_tokens: prompt,
    completion_tokens: completion,
    startTime: instant(first.started_at),
    endTime: instant(last.ended_at),
    completionStartTime: last.first_ms === null ? null : instant(Number(last.started_at) + Number(last.first_ms)),
    model: last.model,
    model_id: last.deployment_id,
    model_group: last.pool,
    custom_llm_provider: last.provider,
    api_base: last.api_base ?? '',
    user: last.user_id ?? '',
    end_user: last.end_user ?? '',
    team_id: last.team_id,
    organization_id: last.organization_id,
    metadata: metadataOf(attempts, { answering, last, alias: key === null ? undefined : aliases.get(key) }),
    // An answer from a cache has no attempt, and so no row.
    cache_hit: 'False',
    cache_key: null,
    request_tags: parsed(last.tags) ?? [],
    requester_ip_address: null,
    messages: {},
    response: {},
    proxy_server_request: {},
    session_id: last.session_id,
    status: last.outcome === 'complete' ? 'success' : 'failure',
    agent_id: null,
    mcp_namespaced_tool_name: null,
  }
}

interface About {
  readonly answering: readonly AttemptRow[]
  readonly last: AttemptRow
  readonly alias: string | undefined
}

function metadataOf(attempts: readonly AttemptRow[], { answering, last, alias }: About) {
  const moves = answering.filter((one, index) => index > 0 && one.pool !== answering[index - 1]?.pool).length
  return {
    attempted_fallbacks: moves,
    attempted_retries: Math.max(0, answering.length - 1 - moves),
    original_model_group: last.requested_pool,
    user_api_key: last.key_id,
    user_api_key_alias: alias ?? null,
    user_api_key_user_id: last.user_id,
    user_api_key_team_id: last.team_id,
    user_api_key_org_id: last.organization_id,
    spend_logs_metadata: parsed(last.metadata) ?? null,
    trace_id: last.trace_id,
    attempts: attempts.map(attemptOf),
  }
}

/** What LiteLLM's row has no word for: where the money of a call went. */
function attemptOf(row: AttemptRow) {
  return {
    id: row.id,
    purpose: row.purpose,
    model: row.model,
    model_id: row.deployment_id,
    model_group: row.pool,
    custom_llm_provider: row.provider,
    outcome: row.outcome,
    error: row.failure,
    spend: nanoToUsd(BigInt(row.charge)),
    cost: row.cost === null ? null : nanoToUsd(BigInt(row.cost)),
    overrun: nanoToUsd(BigInt(row.overrun)),
    estimated: Number(row.estimated) === 1,
    unpriced: Number(row.unpriced) === 1,
    price_source: row.price_source,
    prompt_tokens: numberOf(row.input_tokens),
    completion_tokens: numberOf(row.output_tokens),
    cache_read_input_tokens: numberOf(row.cache_read_tokens),
    cache_creation_input_tokens: numberOf(row.cache_write_tokens),
    reasoning_tokens: numberOf(row.reasoning_tokens),
    usage_details: parsed(row.usage_details) ?? null,
  }
}

function numberOf(value: number | bigint | null): number | null {
  return value === null ? null : Number(value)
}

function instant(at: number | null): string | null {
  return at === null ? null : new Date(Number(at)).toISOString()
}

function parsed(text: string | null): unknown {
  if (text === null) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
