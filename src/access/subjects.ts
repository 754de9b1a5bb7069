import type { Kysely } from 'kysely'
import type { BudgetDefault } from '../core/access-settings.ts'
import type { BudgetTerms } from '../core/budget.ts'
import type { Caller, RateLimit } from '../core/caller.ts'
import type { Clock, Ms } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'
import { isStorable, UNSTORABLE_SAID } from '../core/storable.ts'
import { defineAsFound } from '../store/budgets.ts'
import type { Database } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import { budgetTerms, withDefault } from './budget-terms.ts'
import { dataOf, over, type PlanData, type TagData } from './fields.ts'
import { type Found, LookupCache } from './lookup-cache.ts'
import { rateLimits } from './rate-limits.ts'

/** For whom, and under which tags, a call is made. */
export interface Asker {
  /** The end user, as the request says. */
  readonly endUser?: string | undefined
  /** The request's own tags; those of the caller count as well. */
  readonly tags?: readonly string[] | undefined
}

export interface SubjectSettings {
  /** Of end users without a budget of their own (`max_end_user_budget`). Absent: their spending is not bounded. */
  readonly endUserBudget?: BudgetDefault | undefined
  /** The same by the id of a plan (`max_end_user_budget_id`), which comes first. */
  readonly endUserPlan?: string | undefined
  /** Budgets of tags that the configuration sets (`tag_budget_config`). */
  readonly tagBudgets: readonly BudgetTerms[]
}

interface SubjectsOptions extends SubjectSettings {
  readonly store: Store
  readonly clock: Clock
  readonly freshMs: Ms
}

/** What an end user or a tag adds to a call. */
interface Subject {
  readonly blocked: boolean
  readonly budgets: readonly BudgetTerms[]
  readonly limits: readonly RateLimit[]
}

/** How many of each are remembered, and how many tags one call may have: each of them is held and charged. */
const MAX_CUSTOMERS = 100_000
const MAX_TAGS = 10_000
const MAX_TAGS_PER_CALL = 50
const MAX_NAME = 256

const NOTHING: Subject = { blocked: false, budgets: [], limits: [] }

/** End users and tags: whom else a call is charged to. */
export class Subjects {
  readonly #options: SubjectsOptions
  readonly #customers: LookupCache<Subject>
  readonly #tags: LookupCache<Subject>

  constructor(options: SubjectsOptions) {
    const { clock, freshMs, store } = options
    this.#options = options
    this.#customers = new LookupCache({
      what: 'end user',
      load: ids => customersOf(store, ids, options),
      clock,
      freshMs,
      max: MAX_CUSTOMERS,
    })
    this.#tags = new LookupCache({
      what: 'tag',
      load: names => tagsOf(store.calls, names, options.tagBudgets),
      clock,
      freshMs,
      max: MAX_TAGS,
    })
  }

  /** @throws Failure `forbidden` for a blocked end user, `invalid_request` for names or numbers of tags that are no such. */
  of(caller: Caller, { endUser, tags = [] }: Asker): Caller | Promise<Caller> {
    const all = caller.tags ? [...new Set([...caller.tags, ...tags])] : [...new Set(tags)]
    requireSane(endUser, all)
    const found: (Subject | undefined | Promise<Subject | undefined>)[] = []
    let waits = false
    if (endUser !== undefined) found.push(this.#customers.get(endUser))
    for (const tag of all) found.push(this.#tags.get(tag))
    for (const one of found) waits ||= one instanceof Promise
    if (!waits) return added(caller, endUser, found as readonly (Subject | undefined)[])
    return Promise.all(found).then(subjects => added(caller, endUser, subjects))
  }

  changed(kind: 'customer' | 'tag' | 'plan', id: string): void {
    if (kind === 'plan' && id === this.#options.endUserPlan) this.#customers.clear()
    this.#customers.changed(`${kind}:${id}`)
    this.#tags.changed(`${kind}:${id}`)
  }

  clear(): void {
    this.#customers.clear()
    this.#tags.clear()
  }
}

function requireSane(endUser: string | undefined, tags: readonly string[]): void {
  if (endUser !== undefined && !isStorable(endUser))
    throw new Failure('invalid_request', `the end user's id ${UNSTORABLE_SAID}`, { param: 'user' })
  if (!tags.every(isStorable)) throw new Failure('invalid_request', `a tag ${UNSTORABLE_SAID}`, { param: 'tags' })
  if (endUser !== undefined && endUser.length > MAX_NAME)
    throw new Failure('invalid_request', `the end user's id is longer than ${MAX_NAME} characters`, { param: 'user' })
  if (tags.length > MAX_TAGS_PER_CALL)
    throw new Failure('invalid_request', `a call may have ${MAX_TAGS_PER_CALL} tags at most`, { param: 'tags' })
  if (tags.some(tag => tag.length > MAX_NAME))
    throw new Failure('invalid_request', `a tag is longer than ${MAX_NAME} characters`, { param: 'tags' })
}

function added(caller: Caller, endUser: string | undefined, subjects: readonly (Subject | undefined)[]): Caller {
  let { budgets, limits } = caller
  for (const [at, subject] of subjects.entries()) {
    if (!subject) continue
    if (at === 0 && endUser !== undefined && subject.blocked)
      throw new Failure('forbidden', `the end user '${endUser.slice(0, 100)}' is blocked`, { code: 'end_user_blocked' })
    if (subject.budgets.length > 0) budgets = [...budgets, ...subject.budgets]
    if (subject.limits.length > 0) limits = [...limits, ...subject.limits]
  }
  // Who asks has no end user yet. It comes first: what begins with a spread is slow to make and to read (see `budgetTerms`).
  if (endUser !== undefined) return { endUser, ...caller, budgets, limits }
  return budgets === caller.budgets && limits === caller.limits ? caller : { ...caller, budgets, limits }
}

type Loaded = Promise<ReadonlyMap<string, Found<Subject>>>

/** End users that nobody has described are remembered as well: with the default, or as bounded by nothing. */
async function customersOf(store: Store, ids: readonly string[], settings: SubjectSettings): Loaded {
  const { found, standard } = await lookedUp(store.calls, ids, settings)
  // The store's budgets keep the terms that they were given: the default must be told to them.
  const again = async (db: Kysely<Database>) => (await lookedUp(db, ids, settings)).standard
  if (standard.length > 0) await defineAsFound(store.calls, { now: await store.now(), terms: standard, again })
  return found
}

/** Also the budgets of those that have none of their own, and so the default. */
async function lookedUp(db: Kysely<Database>, ids: readonly string[], settings: SubjectSettings) {
  const rows = await db
    .selectFrom('customers as c')
    .leftJoin('plans as p', 'p.id', 'c.plan_id')
    .where('c.id', 'in', ids)
    .select(['c.id', 'c.alias', 'c.blocked', 'c.plan_id', 'c.data', 'p.data as plan_data'])
    .execute()
  const plan = await standardPlan(db, settings)
  const known = new Map(rows.map(row => [row.id, row]))
  const found = new Map<string, Found<Subject>>()
  const standard: BudgetTerms[] = []
  for (const id of ids) {
    const row = known.get(id)
    const own = over<PlanData>(dataOf<PlanData>(row?.data), dataOf<PlanData>(row?.plan_data))
    const value = row || plan || settings.endUserBudget ? customerSubject(id, row, { own, plan, settings }) : NOTHING
    const from = [`customer:${id}`, ...(row?.plan_id ? [`plan:${row.plan_id}`] : [])]
    found.set(id, { value, from })
    if (own.max_budget === null || own.max_budget === undefined) standard.push(...value.budgets)
  }
  return { found, standard: plan || settings.endUserBudget ? standard : [] }
}

interface Sources {
  readonly own: PlanData
  readonly plan: PlanData | undefined
  readonly settings: SubjectSettings
}

function customerSubject(
  id: string,
  row: { readonly alias: string | null; readonly blocked: number } | undefined,
  { own, plan, settings }: Sources,
): Subject {
  const who = { level: 'end_user', subject: id, name: row?.alias ?? null } as const
  const hasOwn = typeof own.max_budget === 'number'
  const fields = hasOwn ? own : over<PlanData>(own, plan)
  const budgets = withDefault(budgetTerms(who, fields), settings.endUserBudget)
  return { blocked: row?.blocked === 1, budgets, limits: rateLimits(who, fields) }
}

async function standardPlan(db: Kysely<Database>, { endUserPlan: id }: SubjectSettings): Promise<PlanData | undefined> {
  if (id === undefined) return undefined
  const plan = await db.selectFrom('plans').select('data').where('id', '=', id).executeTakeFirst()
  return plan && dataOf<PlanData>(plan.data)
}

/** What the store says of a tag comes before what the configuration does. */
async function tagsOf(db: Kysely<Database>, names: readonly string[], configured: readonly BudgetTerms[]): Loaded {
  const rows = await db.selectFrom('tags').select(['name', 'data']).where('name', 'in', names).execute()
  const known = new Map(rows.map(row => [row.name, row]))
  const found = new Map<string, Found<Subject>>()
  for (const name of names) {
    const row = known.get(name)
    const who = { level: 'tag', subject: name } as const
    const data = dataOf<TagData>(row?.data)
    const own = row ? budgetTerms(who, data) : []
    const set = configured.filter(terms => terms.subject === name)
    const isOwn = own.some(terms => terms.limit !== undefined)
    const budgets = isOwn || set.length === 0 ? own : set
    found.set(name, { value: { blocked: false, budgets, limits: rateLimits(who, data) }, from: [`tag:${name}`] })
  }
  return found
}
