import type { Kysely } from 'kysely'
import { dataOf, type KeyData, type PlanData } from '../access/fields.ts'
import { keySubject } from '../access/key-subject.ts'
import type { Database, KeyRow, PlanRow } from '../store/schema.ts'
import { shownStand, standsOf } from './entity-budgets.ts'
import { isoTime, readData, shownDates, shownFields } from './entity-data.ts'
import { KEY_DATA } from './key-fields.ts'

/** Keys as LiteLLM's API shows them, in their order: by their ids, never by themselves. */
export async function shownKeys(db: Kysely<Database>, keys: readonly KeyRow[]) {
  const subjectOf = (key: KeyRow) => keySubject(key.id, dataOf<KeyData>(key.data))
  const stands = await standsOf(db, { level: 'key', subjects: keys.map(subjectOf) })
  const plans = await plansOf(db, keys)
  return keys.map(key => {
    const plan = key.plan_id === null ? undefined : plans.get(key.plan_id)
    return { ...shownKey(key, plan), ...shownStand(stands.get(subjectOf(key))) }
  })
}

export type ShownKey = Awaited<ReturnType<typeof shownKeys>>[number]

/** One key, as it is after a change. */
export async function oneShownKey(db: Kysely<Database>, key: KeyRow): Promise<ShownKey> {
  const [shown] = await shownKeys(db, [key])
  if (!shown) throw new Error('a key is shown as one')
  return shown
}

async function plansOf(db: Kysely<Database>, keys: readonly KeyRow[]): Promise<ReadonlyMap<string, PlanRow>> {
  const ids = [...new Set(keys.flatMap(({ plan_id }) => (plan_id === null ? [] : [plan_id])))]
  if (ids.length === 0) return new Map()
  const plans = await db.selectFrom('plans').selectAll().where('id', 'in', ids).execute()
  return new Map(plans.map(plan => [plan.id, plan]))
}

function shownKey(key: KeyRow, plan: PlanRow | undefined) {
  const data = readData(key)
  const { temp_budget_increase, temp_budget_expiry } = dataOf<KeyData>(key.data)
  return {
    token: key.id,
    token_id: key.id,
    key_name: key.name,
    key_alias: key.alias,
    user_id: key.user_id,
    team_id: key.team_id,
    organization_id: key.organization_id,
    org_id: key.organization_id,
    budget_id: key.plan_id,
    expires: isoTime(key.expires_at),
    blocked: key.blocked === 1,
    ...shownFields(data, KEY_DATA),
    models: data.models ?? [],
    aliases: data.aliases ?? {},
    metadata: data.metadata ?? {},
    allowed_routes: data.allowed_routes ?? [],
    config: {},
    permissions: {},
    ...(temp_budget_increase && { temp_budget_increase, temp_budget_expiry: isoTime(temp_budget_expiry) }),
    litellm_budget_table: plan ? { budget_id: plan.id, ...dataOf<PlanData>(plan.data) } : null,
    ...shownDates(key),
  }
}
