/**
 * One attempt in the ledger, as it is stored: the names are the columns. As JSON, what is null may be absent. Rows are written once and never changed; what
 * must be corrected gets a row of its own. Money is nano-USD in decimal digits, because JSON has no integers of 64 bits.
 */
export interface LedgerRecord {
  /** The attempt's id. */
  readonly id: string
  readonly call_id: string
  /** Counts from 1 within the call. */
  readonly number: number
  /** `answer`, `classify`, `mirror`, `probe`; `correction` for rows that set another right. */
  readonly purpose: string
  readonly replica: string
  /** `chat`, `completion`, `embedding`. */
  readonly operation: string
  readonly streamed: 0 | 1
  /** Epoch ms. */
  readonly started_at: number
  readonly ended_at: number | null
  /** From the attempt's start to its first content, ms. */
  readonly first_ms: number | null
  readonly key_id: string | null
  readonly user_id: string | null
  readonly team_id: string | null
  readonly organization_id: string | null
  readonly end_user: string | null
  /** JSON: an array of texts. */
  readonly tags: string | null
  readonly requested_pool: string
  readonly pool: string
  readonly deployment_id: string
  readonly provider: string
  readonly model: string
  /** What the upstream says has answered. */
  readonly upstream_model: string | null
  readonly api_base: string | null
  /** `complete`, `failed`, `abandoned`, or `unsettled`: its process died before it ended. */
  readonly outcome: string
  /** The kind of failure. */
  readonly failure: string | null
  readonly upstream_status: number | null
  readonly input_tokens: number | null
  readonly output_tokens: number | null
  readonly cache_read_tokens: number | null
  readonly cache_write_tokens: number | null
  readonly reasoning_tokens: number | null
  /** JSON: what else of the usage has a price of its own (`usageDetails`); null where there is nothing of the kind. */
  readonly usage_details: string | null
  /** By the provider's price, nano-USD. Null: nobody knows the price. */
  readonly cost: string | null
  /** What was charged, nano-USD: the cost, less discounts, plus margins. */
  readonly charge: string
  /** What was held for it, nano-USD. */
  readonly held: string
  /** By how much the charge passed what was held, nano-USD. */
  readonly overrun: string
  /** The usage is our count, not the provider's. */
  readonly estimated: 0 | 1
  readonly unpriced: 0 | 1
  /** Where the rates come from, and the rates themselves as JSON: nano-USD per million. */
  readonly price_source: string | null
  readonly rates: string | null
  readonly session_id: string | null
  readonly trace_id: string | null
  /** JSON: `spend_logs_metadata` of the request. */
  readonly metadata: string | null
}
