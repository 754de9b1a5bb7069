import { z } from 'zod'
import type { Role } from '../core/caller.ts'
import { dailyActivity, type Entity } from './activity-daily.ts'
import { id, queryNames, queryNumber } from './fields.ts'
import type { Operation, OperationContext } from './operation.ts'
import { ADMIN_READERS, READERS } from './role-groups.ts'
import { keyIdOf } from './spend-key.ts'
import { dateFields, rangeOf } from './spend-range.ts'
import { checkNamed, sightOf } from './spend-scope.ts'

const common = {
  ...dateFields,
  model: id.optional(),
  api_key: id.optional(),
  page: queryNumber(1, 1_000).default(1),
  /** Days per page. */
  page_size: queryNumber(1, 1_000).default(100),
} as const

const userInput = z.strictObject({ ...common, user_id: id.optional() })
const teamInput = z.strictObject({ ...common, team_ids: queryNames.optional() })
const tagInput = z.strictObject({ ...common, tags: queryNames.optional() })
const customerInput = z.strictObject({ ...common, end_user_ids: queryNames.optional() })

/** `GET /user/daily/activity` */
export const userActivity = activity({ entity: 'user_id', path: 'user', roles: READERS, input: userInput })
/** `GET /team/daily/activity` */
export const teamActivity = activity({ entity: 'team_id', path: 'team', roles: READERS, input: teamInput })
/** `GET /tag/daily/activity` */
export const tagActivity = activity({ entity: 'tag', path: 'tag', roles: READERS, input: tagInput })
/** `GET /customer/daily/activity` */
export const customerActivity = activity({
  entity: 'end_user',
  path: 'customer',
  roles: ADMIN_READERS,
  input: customerInput,
})

interface Asked {
  readonly start_date?: string | undefined
  readonly end_date?: string | undefined
  readonly model?: string | undefined
  readonly api_key?: string | undefined
  readonly user_id?: string | undefined
  readonly team_ids?: readonly string[] | undefined
  readonly tags?: readonly string[] | undefined
  readonly end_user_ids?: readonly string[] | undefined
  readonly page: number
  readonly page_size: number
}

interface ActivityParts {
  readonly entity: Entity
  readonly path: 'user' | 'team' | 'tag' | 'customer'
  readonly roles: readonly Role[]
  readonly input: z.ZodType<Asked>
}

/** Spending and requests per day in UTC, broken down; without dates those of 30 days. */
function activity({ entity, path, roles, input }: ActivityParts): Operation<Asked> {
  return {
    method: 'GET',
    paths: path === 'customer' ? ['/customer/daily/activity', '/end_user/daily/activity'] : [`/${path}/daily/activity`],
    name: `${path}/daily/activity`,
    roles,
    input,
    async run(context: OperationContext, asked: Asked) {
      const { store, clock } = context
      const { user_id: user, team_ids: teams, end_user_ids: endUsers, tags, model, page, page_size: size } = asked
      const sight = await sightOf(context)
      const key = keyIdOf(context, asked.api_key)
      await checkNamed(store, sight, { key, user, teams })
      const range = rangeOf(asked, clock.now(), 30)
      return dailyActivity(store, sight, { entity, range, key, user, teams, endUsers, tags, model }, { page, size })
    },
  }
}
