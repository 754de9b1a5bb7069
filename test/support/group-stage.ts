import { openKeyHash } from '../../src/access/key-hash.ts'
import type { AccessSettings } from '../../src/core/access-settings.ts'
import { type BudgetPlace, type BudgetState, budgetId } from '../../src/core/budget.ts'
import type { Caller, Role } from '../../src/core/caller.ts'
import { plainCaller } from '../../src/core/caller.ts'
import { systemClock } from '../../src/core/clock.ts'
import { Failure } from '../../src/core/failure.ts'
import type { Json } from '../../src/core/json.ts'
import type { StoreSettings } from '../../src/core/money-settings.ts'
import { operations, perform } from '../../src/management/index.ts'
import type { OperationContext } from '../../src/management/operation.ts'
import { standOf } from '../../src/store/budgets.ts'
import { openStore } from '../../src/store/open-store.ts'

/** An answer, as it goes out. */
export interface Told {
  readonly [field: string]: unknown
}

/** What was refused: the failure's status and code. */
export interface Refused {
  readonly status: number
  readonly code: string
  readonly param: string | undefined
  readonly message: string
}

type Input = Readonly<Record<string, unknown>>

/** The management API on a store, by default in memory, asked as anybody. */
export class GroupStage {
  readonly context: Omit<OperationContext, 'caller'>

  private constructor(context: Omit<OperationContext, 'caller'>) {
    this.context = context
  }

  static async open(access?: AccessSettings, settings: StoreSettings = { kind: 'memory' }): Promise<GroupStage> {
    const store = await openStore(settings)
    const keyHash = await openKeyHash(store)
    return new GroupStage({ store, clock: systemClock, keyHash, ...(access && { access }) })
  }

  get db() {
    return this.context.store.db
  }

  /** Asks a path as somebody: `root`, `viewer`, the id of a user, or a caller. */
  async ask<Answer = Told>(path: string, input: Input = {}, who: string | Caller = 'root'): Promise<Answer> {
    const operation = operations.find(one => one.paths.includes(path))
    if (!operation) throw new Error(`there is no ${path}`)
    const caller = typeof who === 'string' ? await this.callerOf(who) : who
    const sent = JSON.parse(JSON.stringify(input)) as unknown
    return JSON.parse(JSON.stringify(await perform(operation, { ...this.context, caller }, sent))) as Answer
  }

  /** The same, and it must be refused. */
  async refused(path: string, input: Input = {}, who: string | Caller = 'root'): Promise<Refused> {
    try {
      await this.ask(path, input, who)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      return { status: error.verdict.status, code: error.code, param: error.param, message: error.message }
    }
    throw new Error(`${path} was not refused`)
  }

  async callerOf(who: string): Promise<Caller> {
    if (who === 'root') return plainCaller('master', 'proxy_admin')
    if (who === 'viewer') return plainCaller('viewer-key', 'proxy_admin_viewer')
    const user = await this.db.selectFrom('users').select('role').where('id', '=', who).executeTakeFirst()
    return { ...plainCaller(`key-of-${who}`, (user?.role ?? 'customer') as Role), userId: who }
  }

  async budget(place: BudgetPlace): Promise<BudgetState | undefined> {
    const id = budgetId(place)
    return (await standOf(this.db, [id])).get(id)
  }

  /** Everything that is stored, to be compared: what is refused changes nothing. */
  async everything(): Promise<string> {
    const tables = [
      ...(['users', 'teams', 'team_members', 'organizations', 'organization_members', 'plans'] as const),
      ...(['customers', 'tags', 'keys', 'budgets', 'changes', 'audit'] as const),
    ]
    const rows: Record<string, unknown> = {}
    for (const table of tables) rows[table] = await this.db.selectFrom(table).selectAll().execute()
    return JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
  }

  /** The newest rows of the audit of an action. */
  audit(action: string) {
    return this.db.selectFrom('audit').selectAll().where('action', '=', action).orderBy('id').execute()
  }

  /** What replicas are told of, oldest first, as `kind:id`. */
  async changes(): Promise<readonly string[]> {
    const rows = await this.db.selectFrom('changes').select(['kind', 'id']).orderBy('seq').execute()
    return rows.map(({ kind, id }) => `${kind}:${id}`)
  }

  /** A row of a key, as if it had been made by `/key/generate`. */
  async key(
    id: string,
    of: { readonly user_id?: string; readonly team_id?: string; readonly organization_id?: string },
  ) {
    const dates = { created_at: 0, created_by: null, updated_at: 0, updated_by: null }
    const nobody = { alias: null, user_id: null, team_id: null, organization_id: null, plan_id: null }
    const row = { id, name: `sk-...${id}`, ...nobody, ...of, expires_at: null, blocked: 0, data: '{}', ...dates }
    await this.db.insertInto('keys').values(row).execute()
    await this.context.store.authority.define([
      { id: budgetId({ level: 'key', subject: id }), level: 'key', subject: id, period: 'total', limit: 5n },
    ])
  }

  async keys(): Promise<readonly string[]> {
    const rows = await this.db.selectFrom('keys').select('id').orderBy('id').execute()
    return rows.map(({ id }) => id)
  }

  close(): Promise<void> {
    return this.context.store.close()
  }

  /**
   * Two tenants and the rest: `acme` with olga as its administrator, ann (administrator) and bob in `a-team`; `rival` with
   * rita and eve in `r-team`; dan and dora in `loose`, which stands in no organization.
   */
  async scene(): Promise<void> {
    for (const organization_id of ['acme', 'rival']) await this.ask('/organization/new', { organization_id, ...BOUNDS })
    for (const [user_id, user_email] of PEOPLE)
      await this.ask('/user/new', { user_id, user_email, auto_create_key: false })
    const join = (organization_id: string, user_id: string, role: Json) =>
      this.ask('/organization/member_add', { organization_id, member: { user_id, role } })
    for (const user of ['ann', 'bob', 'carl']) await join('acme', user, 'internal_user')
    await join('acme', 'olga', 'org_admin')
    await join('rival', 'rita', 'org_admin')
    await join('rival', 'eve', 'internal_user')
    const members = (...roles: (readonly [string, string])[]) => roles.map(([user_id, role]) => ({ user_id, role }))
    const teams = [
      ['a-team', 'acme', members(['ann', 'admin'], ['bob', 'user'])],
      ['r-team', 'rival', members(['eve', 'admin'])],
      ['loose', null, members(['dan', 'admin'], ['dora', 'user'])],
    ] as const
    for (const [team_id, organization_id, members_with_roles] of teams)
      await this.ask('/team/new', { team_id, organization_id, members_with_roles, max_budget: 50, models: ['gpt-4o'] })
  }
}

const BOUNDS = { max_budget: 100, tpm_limit: 1_000, models: ['gpt-*', 'claude'] } as const

const PEOPLE = ['ann', 'bob', 'carl', 'olga', 'rita', 'eve', 'dan', 'dora', 'eric'].map(
  name => [name, `${name}@example.com`] as const,
)
