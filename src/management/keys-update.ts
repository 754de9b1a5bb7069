import type { Transaction } from 'kysely'
import { z } from 'zod'
import { dataOf, type KeyData } from '../access/fields.ts'
import { keySubject } from '../access/key-subject.ts'
import { budgetId } from '../core/budget.ts'
import type { Ms } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'
import { nanoToUsd, usdToNano } from '../core/money.ts'
import { setSpent, standOf } from '../store/budgets.ts'
import type { Database, KeyRow } from '../store/schema.ts'
import { type Written, writeChange } from './change.ts'
import { limitOf } from './entity-budgets.ts'
import { auditable, isoTime } from './entity-data.ts'
import { badRequest, notAllowed } from './errors.ts'
import { id, names, usd } from './fields.ts'
import { requireNoBudget, requireNoMore } from './key-bounds.ts'
import { requireWithinCeiling } from './key-ceilings.ts'
import { type KeyRequest, keyAfter, requireMayChange, requirePlaces } from './key-draft.ts'
import { keyColumns, keyData, keyIncrease, keyNothing, keyOrders, keyReference } from './key-fields.ts'
import { isAbove, lockKey, saveKey } from './key-rows.ts'
import { oneShownKey, type ShownKey } from './key-view.ts'
import type { Operation, OperationContext } from './operation.ts'
import { ADMINS, WRITERS } from './role-groups.ts'

const changedKey = z.strictObject({
  ...keyColumns,
  ...keyData,
  ...keyOrders,
  ...keyIncrease,
  ...keyNothing,
  key: keyReference,
})

/** Changes a key. What is absent stays; null takes away. */
export const keyUpdate: Operation<z.infer<typeof changedKey>, ShownKey & { readonly key: string }> = {
  method: 'POST',
  paths: ['/key/update'],
  name: 'key/update',
  roles: WRITERS,
  input: changedKey,
  run: (context, { key, ...said }) => update(context, { named: key, said, path: '/key/update' }),
}

interface Update {
  readonly named: string
  readonly said: KeyRequest
  readonly path: string
}

async function update(context: OperationContext, { named, said, path }: Update) {
  const shown = await writeChange(context, path.slice(1), async (trx, now) => {
    const { key: before, right } = await lockKey(trx, context, { named, path })
    requireMayChange(before, said, right)
    const after = keyAfter(before, said, { now, by: context.caller.keyId })
    await requirePlaces(trx, after, before)
    await requireNoMore(trx, context, { before, after })
    await requireWithinCeiling(trx, context, after)
    const changed = await saveKey(trx, now, { before, after })
    if (typeof said.spend === 'number') await setSpent(trx, now, mainBudget(after), usdToNano(said.spend))
    return { result: await oneShownKey(trx, after), changed }
  })
  return { key: shown.token, ...shown }
}

/** The id of a key's main budget. */
function mainBudget({ id, data }: KeyRow): string {
  return budgetId({ level: 'key', subject: keySubject(id, dataOf<KeyData>(data)) })
}

const bulkInput = z.strictObject({
  keys: z
    .array(
      z.strictObject({
        key: keyReference,
        budget_id: id.nullish(),
        max_budget: usd.nullish(),
        team_id: id.nullish(),
        tags: names.nullish(),
      }),
    )
    .min(1)
    .max(500),
})

/** Changes many keys, each by itself: what fails is told, and the others are changed. */
export const keyBulkUpdate: Operation<z.infer<typeof bulkInput>> = {
  method: 'POST',
  paths: ['/key/bulk_update'],
  name: 'key/bulk_update',
  roles: ADMINS,
  input: bulkInput,
  async run(context, { keys }) {
    const successful: object[] = []
    const failed: object[] = []
    for (const { key, ...said } of keys) {
      try {
        const info = await update(context, { named: key, said, path: '/key/bulk_update' })
        successful.push({ key: info.key, key_info: info })
      } catch (error) {
        const failure = Failure.from(error)
        if (failure.kind === 'internal' || failure.kind === 'unavailable') throw error
        failed.push({ key: key.startsWith('sk-') ? `sk-...${key.slice(-4)}` : key, failed_reason: failure.message })
      }
    }
    return { total_requested: keys.length, successful_updates: successful, failed_updates: failed }
  },
}

const blockInput = z.strictObject({ key: keyReference })

/** Refuses all calls with a key until it is unblocked. */
export const keyBlock = blocking('key/block', 1)
export const keyUnblock = blocking('key/unblock', 0)

function blocking(name: string, blocked: 0 | 1): Operation<z.infer<typeof blockInput>, ShownKey> {
  return {
    method: 'POST',
    paths: [`/${name}`],
    name,
    roles: WRITERS,
    input: blockInput,
    run: (context, { key: named }) =>
      writeChange(context, name, async (trx, now) => {
        const { key: before, right } = await lockKey(trx, context, { named, path: `/${name}` })
        if (!isAbove(right)) throw notAllowed(`only those who administer a key may call /${name}`)
        const after: KeyRow = { ...before, blocked, updated_at: now, updated_by: context.caller.keyId }
        await trx.updateTable('keys').set(after).where('id', '=', after.id).execute()
        const changed = [{ kind: 'key', id: after.id, before: auditable(before), after: auditable(after) }] as const
        return { result: await oneShownKey(trx, after), changed }
      }),
  }
}

const resetInput = z.strictObject({ key: keyReference, reset_to: usd })

/** Sets what a key has spent in the present window; it may only become less. */
export const keyResetSpend: Operation<z.infer<typeof resetInput>> = {
  method: 'POST',
  paths: ['/key/:key/reset_spend'],
  name: 'key/reset_spend',
  roles: WRITERS,
  input: resetInput,
  run: (context, { key: named, reset_to }) =>
    writeChange(context, 'key/reset_spend', async (trx, now) => {
      const { key, right } = await lockKey(trx, context, { named, path: '/key/reset_spend' })
      if (!isAbove(right)) throw notAllowed('only those who administer a key may reset what it has spent')
      // A spending that begins again is a budget that is had twice.
      requireNoBudget(context.caller)
      return resetSpend(trx, now, { key, spent: reset_to })
    }),
}

async function resetSpend(
  trx: Transaction<Database>,
  now: Ms,
  { key, spent }: { readonly key: KeyRow; readonly spent: number },
): Promise<Written<object>> {
  const id = mainBudget(key)
  const before = (await standOf(trx, [id])).get(id)
  const previous = before?.spent ?? 0n
  if (usdToNano(spent) > previous)
    throw badRequest(`reset_to is more than the ${nanoToUsd(previous)} that the key has spent`, 'reset_to')
  if (before) await setSpent(trx, now, id, usdToNano(spent))
  const previously = nanoToUsd(previous)
  const result = {
    key_hash: key.id,
    spend: spent,
    previous_spend: previously,
    max_budget: limitOf(before),
    budget_reset_at: isoTime(before?.resetsAt),
  }
  return { result, changed: [{ kind: 'key', id: key.id, before: { spend: previously }, after: { spend: spent } }] }
}
