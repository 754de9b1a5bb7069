import type { Callers } from '../../src/access/callers.ts'
import { openCallers } from '../../src/access/open-callers.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import { accessGroupsOf } from '../../src/core/access-groups.ts'
import type { AccessSettings } from '../../src/core/access-settings.ts'
import type { BudgetTerms } from '../../src/core/budget.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { JsonObject } from '../../src/core/json.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import type { Upstream } from '../../src/testing/index.ts'
import { fresh, type Served, Stage } from './stage.ts'
import { modelList } from './yaml.ts'

export interface KeyStageOptions {
  readonly access?: AccessSettings
  readonly budgets?: readonly BudgetTerms[]
  readonly clock?: Clock
  /** `model_info` of pools, by their names; a name that is not one of the three is a further pool. */
  readonly info?: Readonly<Record<string, object>>
  /** More of the configuration's file. */
  readonly yaml?: string
}

export interface ApiAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, never>
  readonly text: string
}

/** A gateway with an SQLite store, its management API, and three pools at one upstream: `small`, `large`, `spare`. */
export class KeyStage {
  readonly stage = new Stage()
  readonly master: string = fresh('sk-master-')
  readonly served: Served
  readonly store: Store
  readonly callers: Callers
  readonly upstream: Upstream

  private constructor(parts: Pick<KeyStage, 'stage' | 'master' | 'served' | 'store' | 'callers' | 'upstream'>) {
    this.stage = parts.stage
    this.master = parts.master
    this.served = parts.served
    this.store = parts.store
    this.callers = parts.callers
    this.upstream = parts.upstream
  }

  static async open({ access, budgets = [], clock, yaml = '', info = {} }: KeyStageOptions = {}): Promise<KeyStage> {
    const stage = new Stage()
    const master = fresh('sk-master-')
    const store = await openStore({ kind: 'memory' }, clock ? { clock } : {})
    stage.later(() => store.close())
    const upstream = await stage.upstream()
    const names = new Set(['small', 'large', 'spare', ...Object.keys(info)])
    const pools = [...names].map(pool => ({ pool, baseUrl: upstream.baseUrl, info: info[pool] ?? {} }))
    const text = `${modelList(...pools)}general_settings: {master_key: ${master}}\n${yaml}`
    const accessGroups = accessGroupsOf(loadConfig({ text }, { env: {} }).settings.routing.deployments)
    const timed = clock ? { clock } : {}
    const callers = await openCallers({ store, budgets, accessGroups, ...(access && { access }), ...timed })
    const money = { store, callers, ...(access && { access }) }
    const served = await stage.gateway(text, { server: { money } })
    return new KeyStage({ stage, master, served, store, callers, upstream })
  }

  /** Asks the management API, or any route; without a key where it is null. */
  async ask(path: string, body?: unknown, key: string | null = this.master): Promise<ApiAnswer> {
    const answer = await fetch(`${this.served.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(key !== null && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, body: JSON.parse(text), text }
  }

  /** A new key with these fields, made with the master key or another. */
  async key(fields: JsonObject = {}, by: string = this.master): Promise<string> {
    const { status, body, text } = await this.ask('/key/generate', fields, by)
    if (status !== 200) throw new Error(`no key was made: ${text}`)
    return String(body.key)
  }

  chat(key: string | null, more: JsonObject = {}): Promise<ApiAnswer> {
    const body = { model: 'small', messages: [{ role: 'user', content: 'hello' }], ...more }
    return this.ask('/v1/chat/completions', body, key)
  }

  /** People, teams and organizations, as rows: what makes them is somebody else's part. */
  async people({ users = {}, teams = {}, members = [] }: People): Promise<void> {
    const { db } = this.store
    const dates = { created_at: 0, created_by: null, updated_at: 0, updated_by: null }
    for (const [id, { role = 'internal_user', ...data }] of Object.entries(users)) {
      const row = { id, email: null, alias: null, role: String(role), data: JSON.stringify(data), ...dates }
      await db.insertInto('users').values(row).execute()
    }
    for (const [id, { organization_id = null, blocked = false, ...data }] of Object.entries(teams)) {
      const columns = { id, alias: null, organization_id: organization_id as string | null, blocked: Number(blocked) }
      await db
        .insertInto('teams')
        .values({ ...columns, data: JSON.stringify(data), ...dates })
        .execute()
    }
    for (const [team_id, user_id, role] of members)
      await db.insertInto('team_members').values({ team_id, user_id, role, plan_id: null, data: '{}' }).execute()
  }

  close(): Promise<void> {
    return this.stage.clear()
  }
}

export interface People {
  readonly users?: Readonly<Record<string, JsonObject>>
  readonly teams?: Readonly<Record<string, JsonObject>>
  readonly members?: readonly (readonly [team: string, user: string, role: 'admin' | 'user'])[]
}
