import { z } from 'zod'
import type { CallerRouterSetting } from '../core/access-settings.ts'
import { count, id, names } from './fields.ts'

/** At most a day: timers hold no more than 24. */
const seconds = z.number().gt(0).max(86_400)

const fallbackLists = z
  .array(
    z.record(id, z.union([id, names], { error: 'must be the name of a pool, or a list of them' }), {
      error: 'must be {pool: [pools that stand in for it]}',
    }),
  )
  .max(1_000)

/** What of `router_settings` has an effect in keys and teams (`access/router-options.ts`); anything else is refused. */
export const routerSettings = z.strictObject({
  num_retries: count.max(100).nullish(),
  max_fallbacks: count.max(100).nullish(),
  timeout: seconds.nullish(),
  stream_timeout: seconds.nullish(),
  fallbacks: fallbackLists.nullish(),
  context_window_fallbacks: fallbackLists.nullish(),
  content_policy_fallbacks: fallbackLists.nullish(),
} satisfies Record<CallerRouterSetting, z.ZodType>)
