import type { Kysely } from 'kysely'
import type { AccessGroups } from '../core/access-groups.ts'
import type { AccessSettings } from '../core/access-settings.ts'
import type { BudgetTerms } from '../core/budget.ts'
import type { Caller, Role } from '../core/caller.ts'
import type { Clock, Ms } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'
import type { Change } from '../ledger/authority.ts'
import { defineAsFound } from '../store/budgets.ts'
import type { Database } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import { keyBudgetTerms } from './budget-terms.ts'
import { buildCaller, type CallerSettings } from './build-caller.ts'
import { type CallerRow, callerRows } from './caller-rows.ts'
import { dataOf, type KeyData, over, type PlanData, type UserData } from './fields.ts'
import { isSameId, type KeyHash, MAX_KEY_LENGTH } from './key-hash.ts'
import { keySubject } from './key-subject.ts'
import { type Found, LookupCache } from './lookup-cache.ts'
import { type Asker, type SubjectSettings, Subjects } from './subjects.ts'

export interface CallersOptions extends CallerSettings, SubjectSettings {
  readonly store: Store
  readonly hash: KeyHash
  readonly clock: Clock
  /** Keys that are remembered (`user_api_key_cache_max_size`), and how long before they are looked up again beside calls. */
  readonly cache: AccessSettings['cache']
}

/** A key that exists, and whether it lets anybody in. */
type Known = { readonly caller: Caller } | { readonly refusal: 'expired' | 'key' | 'team' | 'user' | 'orphan' }

/** Who asks: keys of the store become callers. What is remembered is told at once, and forgotten when it changes. */
export class Callers {
  #options: CallersOptions
  readonly #keys: LookupCache<Known>
  readonly #subjects: Subjects

  constructor(options: CallersOptions) {
    const { clock, cache } = options
    const { size: max, ttlMs: freshMs } = cache
    this.#options = options
    this.#keys = new LookupCache({ what: 'key', load: keys => this.#load(keys), clock, max, freshMs })
    this.#subjects = new Subjects({ ...options, freshMs })
  }

  get hash(): KeyHash {
    return this.#options.hash
  }

  /** Names that stand for several pools, as callers are granted them now. */
  get accessGroups(): AccessGroups | undefined {
    return this.#options.accessGroups
  }

  /** Whoever has the master key: bounded by the gateway's own budgets and limits alone. */
  master(): Caller {
    return this.#plain('master', 'proxy_admin')
  }

  /** Whoever comes to a gateway without a master key. */
  everybody(): Caller {
    return this.#plain('anonymous', 'customer')
  }

  #plain(keyId: string, role: Role): Caller {
    return { keyId, role, budgets: this.#options.gatewayBudgets, limits: this.#options.gatewayLimits }
  }

  /**
   * Who has this key; a promise only when it must be looked up.
   * @throws Failure `unauthorized` for keys that are unknown or have expired, `forbidden` for blocked ones, `unavailable`
   * when the key is not known and the store is away.
   */
  find(key: string): Caller | Promise<Caller> {
    if (!key.startsWith('sk-') || key.length > MAX_KEY_LENGTH) throw unknownKey(key)
    const known = this.#keys.get(key)
    return known instanceof Promise ? known.then(found => letIn(found, key)) : letIn(known, key)
  }

  /** The caller with the budgets and limits of those for whom it asks; a promise only when they must be looked up. */
  withSubjects(caller: Caller, asker: Asker): Caller | Promise<Caller> {
    return this.#subjects.of(caller, asker)
  }

  /** Forgets at once whatever a change is about. */
  invalidate(change: Change): void {
    switch (change.kind) {
      case 'key':
        this.#keys.changed(`key:${change.id}`)
        // A key that did not exist may exist now; which one it is, its id does not say.
        this.#keys.forgetMissing()
        return
      case 'customer':
      case 'tag':
        this.#subjects.changed(change.kind, change.id)
        return
      case 'plan':
        this.#keys.changed(`plan:${change.id}`)
        this.#subjects.changed(change.kind, change.id)
        return
      case 'team':
      case 'user':
      case 'organization':
        this.#keys.changed(`${change.kind}:${change.id}`)
        return
      case 'setting':
        this.forget()
    }
  }

  /** The groups of pools have become these: what callers were granted before is forgotten where it differs. */
  regroup(accessGroups: AccessGroups): void {
    if (textOf(accessGroups) === textOf(this.accessGroups)) return
    this.#options = { ...this.#options, accessGroups }
    this.forget()
  }

  /** Forgets everything: after changes may have been missed. */
  forget(): void {
    this.#keys.clear()
    this.#subjects.clear()
  }

  async #load(keys: readonly string[]): Promise<ReadonlyMap<string, Found<Known>>> {
    const { store, hash } = this.#options
    const asked = new Map(keys.map(key => [hash.idOf(key), key]))
    const [now, rows] = await Promise.all([store.now(), callerRows(store.calls, [...asked.keys()])])
    await this.#endIncreases(rows, now)
    const found = new Map<string, Found<Known>>()
    const byId = new Map(rows.map(row => [row.id, row]))
    for (const [id, key] of asked) {
      const row = byId.get(id)
      if (row && isSameId(row.id, id)) found.set(key, { ...this.#known(row, now), from: sourcesOf(row) })
    }
    return found
  }

  #known(row: CallerRow, now: Ms): Pick<Found<Known>, 'value' | 'forMs'> {
    const ends = row.expires_at === null ? [] : [row.expires_at]
    if (row.expires_at !== null && row.expires_at <= now) return { value: { refusal: 'expired' } }
    const refusal = refusalOf(row)
    if (refusal) return { value: { refusal }, forMs: until(ends, now) }
    const increase = increaseEnd(row)
    if (increase !== undefined && increase > now) ends.push(increase)
    return { value: { caller: buildCaller(row, this.#options, now) }, forMs: until(ends, now) }
  }

  /** The store's budget keeps a temporary increase until it is told otherwise: whoever sees that it is over says so. */
  async #endIncreases(rows: readonly CallerRow[], now: Ms): Promise<void> {
    const ids = rows.map(({ id }) => id)
    const again = async (db: Kysely<Database>) => termsAfterIncrease(await callerRows(db, ids), now)
    await defineAsFound(this.#options.store.calls, { now, terms: termsAfterIncrease(rows, now), again })
  }
}

function textOf(groups: AccessGroups | undefined): string {
  return JSON.stringify([...(groups ?? [])])
}

function hasEnded(row: CallerRow, now: Ms): boolean {
  const end = increaseEnd(row)
  return end !== undefined && end <= now
}

/** What bounds those among them whose increase has ended. */
function termsAfterIncrease(rows: readonly CallerRow[], now: Ms): BudgetTerms[] {
  return rows
    .filter(row => hasEnded(row, now))
    .flatMap(row => {
      const data = over<KeyData>(dataOf<KeyData>(row.data), dataOf<PlanData>(row.plan_data))
      return keyBudgetTerms({ subject: keySubject(row.id, data), name: row.alias }, data, now)
    })
}

function until(ends: readonly Ms[], now: Ms): Ms | undefined {
  return ends.length === 0 ? undefined : Math.min(...ends) - now
}

function increaseEnd({ data }: CallerRow): Ms | undefined {
  if (!data.includes('temp_budget_expiry')) return undefined
  return dataOf<KeyData>(data).temp_budget_expiry ?? undefined
}

function refusalOf(row: CallerRow): 'key' | 'team' | 'user' | 'orphan' | undefined {
  if (row.blocked !== 0) return 'key'
  // Its team was deleted: what bounded it is gone.
  if (row.team_id !== null && row.known_team_id === null) return 'orphan'
  if (row.team_blocked) return 'team'
  return dataOf<UserData>(row.user_data).blocked === true ? 'user' : undefined
}

/** All that a caller is made of. A row that is not there is named as well: it may be made. */
function sourcesOf(row: CallerRow): readonly string[] {
  const sources = [`key:${row.id}`]
  if (row.user_id !== null) sources.push(`user:${row.user_id}`)
  if (row.team_id !== null) sources.push(`team:${row.team_id}`)
  if (row.organization_id !== null) sources.push(`organization:${row.organization_id}`)
  if (row.plan_id !== null) sources.push(`plan:${row.plan_id}`)
  if (row.member_plan_id !== null) sources.push(`plan:${row.member_plan_id}`)
  // As long as it is: an array that was pushed to keeps room for 16 more.
  return [...sources]
}

function letIn(known: Known | undefined, key: string): Caller {
  if (!known) throw unknownKey(key)
  if ('caller' in known) return known.caller
  if (known.refusal === 'orphan') throw unknownKey(key)
  if (known.refusal === 'expired')
    throw new Failure('unauthorized', `the API key ${hint(key)} has expired`, { code: 'expired_key' })
  const what = known.refusal === 'key' ? `the API key ${hint(key)}` : `the ${known.refusal} of the API key ${hint(key)}`
  throw new Failure('forbidden', `${what} is blocked`, { code: `${known.refusal}_blocked` })
}

function unknownKey(key: string): Failure {
  return new Failure('unauthorized', `the API key ${hint(key)} is not known`, { code: 'token_not_found_in_db' })
}

/** No more of a key than its last four characters, and nothing of a short one. */
function hint(key: string): string {
  return key.length >= 20 ? `…${key.slice(-4)}` : 'that was sent'
}
