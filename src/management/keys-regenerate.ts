import { z } from 'zod'
import { dataOf, type KeyData } from '../access/fields.ts'
import { keyName, newKey } from '../access/key-hash.ts'
import { keySubject } from '../access/key-subject.ts'
import type { KeyRow } from '../store/schema.ts'
import { writeChange } from './change.ts'
import { patched, readData } from './entity-data.ts'
import { badRequest } from './errors.ts'
import { requireNoMore } from './key-bounds.ts'
import { requireWithinCeiling } from './key-ceilings.ts'
import { keyAfter, requireMayChange, requirePlaces } from './key-draft.ts'
import { keyColumns, keyData, keyNothing, keyOrders, keyReference, ownKey } from './key-fields.ts'
import { hashOf, lockKey, saveKey } from './key-rows.ts'
import { oneShownKey } from './key-view.ts'
import type { MadeKey } from './keys-generate.ts'
import type { Operation } from './operation.ts'
import { WRITERS } from './role-groups.ts'

const { spend: _spend, ...orders } = keyOrders

const regenerateInput = z.strictObject({
  ...keyColumns,
  ...keyData,
  ...orders,
  ...keyNothing,
  key: keyReference,
  new_key: ownKey.nullish(),
})

/**
 * Gives a key another secret, and what else is said with it. The old secret ends at once. What was spent, and whatever
 * bounds the key, stays: its budgets are counted under the id that it had at first.
 */
export const keyRegenerate: Operation<z.infer<typeof regenerateInput>, MadeKey> = {
  method: 'POST',
  paths: ['/key/regenerate', '/key/:key/regenerate'],
  name: 'key/regenerate',
  roles: WRITERS,
  input: regenerateInput,
  run(context, { key: named, new_key, ...said }) {
    const { caller } = context
    const hash = hashOf(context)
    return writeChange(context, 'key/regenerate', async (trx, now) => {
      const { key: before, right } = await lockKey(trx, context, { named, path: '/key/regenerate' })
      requireMayChange(before, { ...said, new_key }, right)
      const secret = new_key ?? newKey()
      const id = hash.idOf(secret)
      if (id === before.id) throw badRequest('the new key is the old one', 'new_key')
      const after = renamed(keyAfter(before, said, { now, by: caller.keyId }), before, { id, name: keyName(secret) })
      const other = await trx.selectFrom('keys').select('id').where('id', '=', id).executeTakeFirst()
      if (other) throw badRequest('there is such a key already', 'new_key')
      await requirePlaces(trx, after, before)
      await requireNoMore(trx, context, { before, after })
      await requireWithinCeiling(trx, context, after)
      const changed = await saveKey(trx, now, { before, after })
      const shown = await oneShownKey(trx, after)
      return { result: { key: secret, ...shown }, changed }
    })
  },
}

function renamed(key: KeyRow, before: KeyRow, as: Pick<KeyRow, 'id' | 'name'>): KeyRow {
  const budget_subject = keySubject(before.id, dataOf<KeyData>(before.data))
  return { ...key, ...as, data: JSON.stringify(patched(readData(key), { budget_subject })) }
}
