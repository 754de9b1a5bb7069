import { createHash } from 'node:crypto'
import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely'
import { storableJson } from '../core/storable.ts'
import type { PostedRow } from '../ledger/authority.ts'
import { isOneOf, isPostgres, type JsonColumns, rowsOfJson } from './dialect.ts'
import type { Database, LedgerCallerRow } from './schema.ts'
import { Statement } from './statement.ts'

/** More are read anew: as many callers in turn are rare. */
const KNOWN_AT_MOST = 20_000

const COLUMNS = { id: 'integer', key_id: 'text', user_id: 'text', team_id: 'text' } as const satisfies JsonColumns &
  Record<keyof LedgerCallerRow, unknown>

/** By whom rows of the ledger are searched. */
export type CallerColumn = Exclude<keyof LedgerCallerRow, 'id'>

/** The rows of `ledger` of these keys, users or teams: by the number of their callers, which has the index. */
export function isOfCallers(db: Kysely<Database>, column: CallerColumn, ids: readonly string[]): RawBuilder<SqlBool> {
  const callers = sql`select id from ledger_callers where ${isOneOf(db, `ledger_callers.${column}`, ids)}`
  // PostgreSQL uses the index also beside an `or` when it knows the numbers first.
  const some = isPostgres(db) ? sql`= any(array(${callers}))` : sql`in (${callers})`
  return sql<SqlBool>`(${sql.ref('ledger.caller')} ${some} and ${isOneOf(db, `ledger.${column}`, ids)})`
}

/** Whom rows are booked for, as the table `ledger_callers` has them. */
interface LedgerCaller {
  /** 63 bits of a hash of its ids, in digits: nobody need be asked for it. */
  readonly id: string
  readonly row: string
  /** What its rows have in common besides their other members. */
  readonly member: string
  /** The table certainly has it. */
  isWritten: boolean
}

/**
 * Knows the callers of rows. The ledger has an index of their numbers instead of three of the ids of keys, users and teams:
 * those took 8 of the 16 µs of a row's insert, because each row changes three more pages somewhere in the middle.
 */
export class LedgerCallers {
  /** By the texts that name them; undefined: a text that names nobody. */
  readonly #known = new Map<string, LedgerCaller | undefined>()
  readonly #byId = new Map<string, LedgerCaller>()

  /** Rows with the numbers of their callers, and those callers that may not be in the table yet. */
  mark(rows: readonly PostedRow[]): { readonly rows: readonly PostedRow[]; readonly fresh: readonly LedgerCaller[] } {
    const fresh = new Set<LedgerCaller>()
    const marked = rows.map(row => {
      const caller = this.#of(row)
      if (!caller) return row
      if (!caller.isWritten) fresh.add(caller)
      return { ...row, shared: row.shared ? [...row.shared, caller.member] : [caller.member] }
    })
    return { rows: marked, fresh: [...fresh] }
  }

  /** The caller is named in what rows have in common, or in a row that has nothing in common. */
  #of({ text, shared }: PostedRow): LedgerCaller | undefined {
    if (shared === undefined || shared.length === 0) return this.#same(read(text))
    for (const members of shared) {
      const caller = this.#knownOf(members)
      if (caller) return caller
    }
    return undefined
  }

  #knownOf(members: string): LedgerCaller | undefined {
    const known = this.#known.get(members)
    if (known || this.#known.has(members)) return known
    if (this.#known.size >= KNOWN_AT_MOST) this.#known.clear()
    const caller = this.#same(read(members))
    this.#known.set(members, caller)
    return caller
  }

  /** Texts that differ in their end users name the same caller. */
  #same(caller: LedgerCaller | undefined): LedgerCaller | undefined {
    if (!caller) return undefined
    const known = this.#byId.get(caller.id)
    if (known) return known
    if (this.#byId.size >= KNOWN_AT_MOST) this.#byId.clear()
    this.#byId.set(caller.id, caller)
    return caller
  }
}

function read(text: string): LedgerCaller | undefined {
  const { key_id = null, user_id = null, team_id = null } = JSON.parse(storableJson(text)) as Partial<LedgerCallerRow>
  if (key_id === null && user_id === null && team_id === null) return undefined
  const digest = createHash('sha256')
    .update(JSON.stringify([key_id, user_id, team_id]))
    .digest()
  const id = String(digest.readBigUInt64BE() >> 1n)
  return { id, row: JSON.stringify({ id, key_id, user_id, team_id }), member: `{"caller":"${id}"}`, isWritten: false }
}

const INSERT = new Statement(
  db => sql`insert into ledger_callers (id, key_id, user_id, team_id) ${rowsOfJson(db, COLUMNS, '[]')}
    on conflict do nothing`,
)

/** In the order of their ids, so that two transactions never wait for each other. */
export async function insertCallers(db: Kysely<Database>, callers: readonly LedgerCaller[]): Promise<void> {
  if (callers.length === 0) return
  const sorted = callers.toSorted((one, other) => (one.id < other.id ? -1 : 1))
  await INSERT.run(db, [`[${sorted.map(({ row }) => row).join(',')}]`])
}
