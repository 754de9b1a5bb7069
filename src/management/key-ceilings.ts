import type { Kysely } from 'kysely'
import { usdToNano } from '../core/money.ts'
import type { Database, KeyRow } from '../store/schema.ts'
import { badRequest } from './errors.ts'
import { effectiveData } from './key-rows.ts'
import type { OperationContext } from './operation.ts'

/**
 * The most that a key may spend (`upperbound_key_generate_params.max_budget`) holds for its budget and a temporary increase together:
 * each by itself is judged where the request is read, and the one that a request does not say may be there already.
 * @throws Failure `invalid_request`, naming the increase.
 */
export async function requireWithinCeiling(
  db: Kysely<Database>,
  { access }: Pick<OperationContext, 'access'>,
  after: KeyRow,
): Promise<void> {
  const most = access?.keyCeilings.max_budget
  if (most === undefined) return
  const { max_budget: own, temp_budget_increase: more } = await effectiveData(db, after)
  if (!more || typeof own !== 'number') return
  if (usdToNano(own) + usdToNano(more) <= usdToNano(most)) return
  throw badRequest(
    `temp_budget_increase and max_budget together must not be more than ${most}, which is configured`,
    'temp_budget_increase',
  )
}
