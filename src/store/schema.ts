import type { Generated } from 'kysely'
import type { LedgerRecord } from '../ledger/record.ts'

/**
 * The tables, the same in SQLite and PostgreSQL: text, 64-bit integers, JSON as text. Times are epoch ms by the store's
 * clock. What is searched by has a column; the other fields of LiteLLM's API are kept as they came in `data`.
 *
 * Money is nano-USD and read as bigint: the columns that say so here, and whatever a query names `..._nano` (sums). All
 * other integers are read as numbers (`MONEY_COLUMNS` in read-integers.ts).
 */
export interface Database {
  /** What belongs to the store as a whole: the pepper of key hashes, the clock of who shares a file. */
  readonly meta: { name: string; value: string }
  readonly keys: KeyRow
  readonly users: UserRow
  readonly teams: TeamRow
  readonly team_members: TeamMemberRow
  readonly organizations: OrganizationRow
  readonly organization_members: OrganizationMemberRow
  /** LiteLLM's `/budget`: terms that keys, members and customers refer to. */
  readonly plans: PlanRow
  readonly customers: CustomerRow
  readonly tags: TagRow
  readonly models: ModelRow
  readonly budgets: BudgetRow
  readonly leases: LeaseRow
  readonly replicas: ReplicaRow
  readonly ledger: LedgerTable
  readonly ledger_callers: LedgerCallerRow
  readonly changes: ChangeRow
  readonly audit: AuditRow
}

interface Dated {
  created_at: number
  created_by: string | null
  updated_at: number
  updated_by: string | null
}

export interface KeyRow extends Dated {
  /** The keyed hash of the key, hexadecimal: LiteLLM's `token`. */
  id: string
  /** `sk-...abcd`. */
  name: string
  /** Unique among keys. */
  alias: string | null
  user_id: string | null
  team_id: string | null
  organization_id: string | null
  plan_id: string | null
  expires_at: number | null
  blocked: number
  data: string
}

export interface UserRow extends Dated {
  id: string
  email: string | null
  alias: string | null
  role: string
  data: string
}

export interface TeamRow extends Dated {
  id: string
  alias: string | null
  organization_id: string | null
  blocked: number
  data: string
}

export interface TeamMemberRow {
  team_id: string
  user_id: string
  /** `admin` or `user`. */
  role: string
  plan_id: string | null
  data: string
}

export interface OrganizationRow extends Dated {
  id: string
  alias: string | null
  data: string
}

export interface OrganizationMemberRow {
  organization_id: string
  user_id: string
  role: string
}

export interface PlanRow extends Dated {
  id: string
  data: string
}

export interface CustomerRow extends Dated {
  id: string
  alias: string | null
  blocked: number
  plan_id: string | null
  data: string
}

export interface TagRow extends Dated {
  name: string
  data: string
}

export interface ModelRow extends Dated {
  id: string
  /** The pool. */
  name: string
  /** `litellm_params` (credentials sealed) and `model_info`. */
  data: string
}

export interface BudgetRow {
  /** `budgetId`. */
  id: string
  level: string
  subject: string
  name: string | null
  /** Empty: all pools. */
  pool: string
  period: string
  limit_nano: bigint | null
  soft_nano: bigint | null
  spent: bigint
  leased: bigint
  window_start: number
  resets_at: number | null
  /** The windows in which the soft limit and the limit were announced. */
  soft_told: number | null
  limit_told: number | null
  /** When somebody was last refused money that others had under lease; 0 for never. */
  wanted_at: number
}

export interface LeaseRow {
  replica: string
  budget_id: string
  window_start: number
  amount: bigint
  /** 1: its replica is dead and the amount is booked as spent. */
  written_off: number
}

export interface ReplicaRow {
  id: string
  host: string
  pid: number
  started_at: number
  seen_at: number
  expires_at: number
  /** The last batch whose returns were taken (`PostBatch.number`). */
  batch: number
  /** 1: somebody has taken over for it, so that it cannot come back before it has left. */
  claimed: number
}

type Columns = { -readonly [Name in keyof LedgerRecord]: LedgerRecord[Name] }

export interface LedgerTable extends Omit<Columns, 'cost' | 'charge' | 'held' | 'overrun'> {
  cost: bigint | null
  charge: bigint
  held: bigint
  overrun: bigint
  /** The number of its caller in `ledger_callers`; too long to be read exactly, and only compared. */
  caller: number | null
}

/** Key, user and team of rows of the ledger, each combination once: what the ledger is searched by. */
export interface LedgerCallerRow {
  id: number
  key_id: string | null
  user_id: string | null
  team_id: string | null
}

export interface ChangeRow {
  seq: Generated<number>
  kind: string
  id: string
  at: number
}

export interface AuditRow {
  id: string
  at: number
  /** The key id, or `cli`. */
  actor: string
  /** `litellm-changed-by`. */
  on_behalf_of: string | null
  /** `key/generate`, `team/update`, ... */
  action: string
  kind: string
  subject: string
  /** JSON without secrets. */
  before: string | null
  after: string | null
}
