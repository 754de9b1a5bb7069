import { KeyHash } from '../../src/access/key-hash.ts'
import { type Caller, plainCaller, type Role } from '../../src/core/caller.ts'
import { Secret } from '../../src/core/secret.ts'
import type { Operation, OperationContext } from '../../src/management/operation.ts'
import { perform } from '../../src/management/perform.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { LedgerTable } from '../../src/store/schema.ts'
import type { Store } from '../../src/store/store.ts'
import { FakeClock } from '../../src/testing/fake-clock.ts'

/** Noon of the 10th of January 2026, UTC. */
export const NOON = Date.UTC(2026, 0, 10, 12)
export const HOUR = 3_600_000
export const DAY = 24 * HOUR

export type Row = Partial<LedgerTable> & { readonly call_id: string }

/** A row of the ledger: a chat that was answered at noon by gpt-4o-mini, for nobody and for nothing. */
export function ledgerRow(row: Row): LedgerTable {
  const number = row.number ?? 1
  return {
    id: `${row.call_id}-${number}`,
    number,
    purpose: 'answer',
    replica: 'replica',
    operation: 'chat',
    streamed: 0,
    started_at: NOON,
    ended_at: NOON + 1_000,
    first_ms: 250,
    key_id: null,
    user_id: null,
    team_id: null,
    organization_id: null,
    end_user: null,
    tags: null,
    requested_pool: 'fast',
    pool: 'fast',
    deployment_id: 'deployment',
    provider: 'openai',
    model: 'gpt-4o-mini',
    upstream_model: null,
    api_base: 'https://api.openai.com/v1',
    outcome: 'complete',
    failure: null,
    upstream_status: null,
    input_tokens: null,
    output_tokens: null,
    cache_read_tokens: null,
    cache_write_tokens: null,
    reasoning_tokens: null,
    usage_details: null,
    cost: row.charge ?? 0n,
    charge: 0n,
    held: 0n,
    overrun: 0n,
    estimated: 0,
    unpriced: 0,
    price_source: null,
    rates: null,
    session_id: null,
    trace_id: null,
    metadata: null,
    caller: null,
    ...row,
  }
}

function jsonOf({ caller, ...row }: LedgerTable): string {
  return JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? value.toString() : value))
}

/** A store, and operations that are called on it as whom one likes, one day at noon. */
export interface LedgerStage {
  readonly store: Store
  readonly clock: FakeClock
  readonly keyHash: KeyHash
  rows(...rows: readonly Row[]): Promise<void>
  as(caller: Role | Caller): Asker
}

export interface Asker {
  /** What the operation answers, as JSON would carry it. */
  ask(operation: Operation, input?: object): Promise<unknown>
}

export async function ledgerStage(open: (clock: FakeClock) => Promise<Store> = inMemory): Promise<LedgerStage> {
  const clock = new FakeClock(NOON)
  const store = await open(clock)
  const keyHash = new KeyHash(new Secret('a pepper of the tests'))
  return {
    store,
    clock,
    keyHash,
    async rows(...rows) {
      const posted = rows.map(ledgerRow).map(row => ({ id: row.id, text: jsonOf(row), charge: 0n, budgets: [] }))
      await store.authority.post('replica', { rows: posted, returns: [] })
    },
    as(who) {
      const caller = typeof who === 'string' ? plainCaller('master', who) : who
      const context: OperationContext = { store, clock, caller, keyHash }
      return {
        ask: async (operation, input = {}) =>
          JSON.parse(JSON.stringify((await perform(operation, context, input)) ?? null)),
      }
    },
  }
}

function inMemory(clock: FakeClock): Promise<Store> {
  return openStore({ kind: 'memory' }, { clock })
}

const DATED = { created_at: NOON, created_by: null, updated_at: NOON, updated_by: null } as const

/** Two teams: `red`, which rita leads and raul belongs to, and `blue` of bob. Each of the three has a key of their name. */
export async function twoTeams({ db }: Store): Promise<void> {
  const people = [
    ['rita', 'red'],
    ['raul', 'red'],
    ['bob', 'blue'],
  ] as const
  for (const id of ['red', 'blue'])
    await db
      .insertInto('teams')
      .values({ id, alias: `Team ${id}`, organization_id: null, blocked: 0, data: '{}', ...DATED })
      .execute()
  for (const [user_id, team_id] of people) {
    const role = user_id === 'raul' ? 'user' : 'admin'
    await db.insertInto('team_members').values({ team_id, user_id, role, plan_id: null, data: '{}' }).execute()
    await db
      .insertInto('users')
      .values({ id: user_id, email: `${user_id}@x.org`, alias: null, role: 'internal_user', data: '{}', ...DATED })
      .execute()
    const key = { id: keyOf(user_id), name: `sk-...${user_id}`, alias: `${user_id}'s 100%_key`, user_id, team_id }
    await db
      .insertInto('keys')
      .values({ ...key, organization_id: null, plan_id: null, expires_at: null, blocked: 0, data: '{}', ...DATED })
      .execute()
  }
}

/** The id of somebody's key, as a hash is one. */
export function keyOf(user: string): string {
  return Buffer.from(user).toString('hex').padEnd(64, '0')
}

export function personOf(userId: string): Caller {
  return { ...plainCaller(keyOf(userId), 'internal_user'), userId }
}
