import { type Expression, expressionBuilder, type RawBuilder, type SqlBool, sql } from 'kysely'
import { type NanoUsd, nanoToUsd } from '../core/money.ts'
import type { Database } from '../store/schema.ts'
import { badRequest } from './errors.ts'

/**
 * A sum of integers as decimal digits: PostgreSQL's sum of 64-bit integers has more digits than fit in one, SQLite's is
 * read as a float by some drivers, and text is exact in both.
 */
export function sumOf(column: string): RawBuilder<string> {
  return sql<string>`cast(coalesce(sum(${sql.ref(`ledger.${column}`)}), 0) as text)`
}

/** The day of a row in UTC, counted from 1970, as digits. */
export const dayOfRow: RawBuilder<string> = sql<string>`cast(${sql.ref('ledger.started_at')} / 86400000 as text)`

/**
 * A call is counted at the last of the attempts that were to answer it: so each counts once, where it was answered or
 * given up. Copies, probes and questions to classifiers cost money and are nobody's request.
 */
function isRequest(): Expression<SqlBool> {
  const eb = expressionBuilder<Database, 'ledger'>()
  return eb.and([
    eb('ledger.purpose', '=', 'answer'),
    eb.not(
      eb.exists(
        eb
          .selectFrom('ledger as later')
          .select('later.id')
          .whereRef('later.call_id', '=', 'ledger.call_id')
          .whereRef('later.number', '>', 'ledger.number')
          .where('later.purpose', '=', 'answer'),
      ),
    ),
  ])
}

/** All sums, as columns of a `select`. */
export function sumColumns() {
  const { spend, prompt_tokens, completion_tokens, cache_read_tokens, cache_write_tokens, requests, successes } = sums()
  return [
    spend.as('spend'),
    prompt_tokens.as('prompt_tokens'),
    completion_tokens.as('completion_tokens'),
    cache_read_tokens.as('cache_read_tokens'),
    cache_write_tokens.as('cache_write_tokens'),
    requests.as('requests'),
    successes.as('successes'),
  ] as const
}

/** What is summed up of rows. */
export function sums() {
  const request = isRequest()
  return {
    spend: sumOf('charge'),
    prompt_tokens: sumOf('input_tokens'),
    completion_tokens: sumOf('output_tokens'),
    cache_read_tokens: sumOf('cache_read_tokens'),
    cache_write_tokens: sumOf('cache_write_tokens'),
    requests: sql<string>`cast(coalesce(sum(case when ${request} then 1 else 0 end), 0) as text)`,
    successes: sql<string>`cast(coalesce(sum(case when ${sql.ref('ledger.outcome')} = 'complete' and ${request} then 1 else 0 end), 0) as text)`,
  } as const
}

export type SumRow = { readonly [Name in keyof ReturnType<typeof sums>]: string }

/** Sums that can be added to. */
export class Tally {
  spend: NanoUsd = 0n
  promptTokens = 0
  completionTokens = 0
  cacheReadTokens = 0
  cacheWriteTokens = 0
  requests = 0
  successes = 0

  add(row: SumRow): void {
    this.spend += BigInt(row.spend)
    this.promptTokens += Number(row.prompt_tokens)
    this.completionTokens += Number(row.completion_tokens)
    this.cacheReadTokens += Number(row.cache_read_tokens)
    this.cacheWriteTokens += Number(row.cache_write_tokens)
    this.requests += Number(row.requests)
    this.successes += Number(row.successes)
  }

  /** LiteLLM's `metrics`. */
  metrics() {
    return {
      spend: nanoToUsd(this.spend),
      prompt_tokens: this.promptTokens,
      completion_tokens: this.completionTokens,
      cache_read_input_tokens: this.cacheReadTokens,
      cache_creation_input_tokens: this.cacheWriteTokens,
      total_tokens: this.promptTokens + this.completionTokens,
      successful_requests: this.successes,
      failed_requests: this.requests - this.successes,
      api_requests: this.requests,
    }
  }
}

/** Groups that one answer is made of at most. */
export const MAX_GROUPS = 100_000

/** @throws Failure when a query that asked for one more than the limit was given it. */
export function noMoreThanLimit<Row>(rows: readonly Row[]): readonly Row[] {
  if (rows.length <= MAX_GROUPS) return rows
  throw badRequest(`more than ${MAX_GROUPS} groups: ask for fewer days, or for one key, user or team`, 'start_date')
}
