import { z } from 'zod'
import { writeChange } from './change.ts'
import { badRequest, notFound } from './errors.ts'
import { id } from './fields.ts'
import { keyReference } from './key-fields.ts'
import { forgetKeys } from './key-removal.ts'
import { lockKey } from './key-rows.ts'
import type { Operation } from './operation.ts'
import { WRITERS } from './role-groups.ts'

const deleteInput = z
  .strictObject({
    keys: z.array(keyReference).min(1).max(500).optional(),
    key_aliases: z.array(id).min(1).max(500).optional(),
  })
  .refine(({ keys, key_aliases }) => keys !== undefined || key_aliases !== undefined, 'say which: keys or key_aliases')

/** Deletes keys, all of them or none; their budgets go with them, and what they spent stays in the ledger. */
export const keyDelete: Operation<z.infer<typeof deleteInput>, { readonly deleted_keys: readonly string[] }> = {
  method: 'POST',
  paths: ['/key/delete'],
  name: 'key/delete',
  roles: WRITERS,
  input: deleteInput,
  run: (context, { keys = [], key_aliases = [] }) =>
    writeChange(context, 'key/delete', async trx => {
      const meant: { readonly named: string; readonly said?: string }[] = keys.map(named => ({ named }))
      for (const alias of key_aliases) {
        const found = await trx.selectFrom('keys').select('id').where('alias', '=', alias).executeTakeFirst()
        if (!found) throw notFound('key', alias)
        // Of a key that is not theirs to know of, the caller is told no more than they said.
        meant.push({ named: found.id, said: alias })
      }
      const ids = new Set<string>()
      for (const one of meant) ids.add((await lockKey(trx, context, { ...one, path: '/key/delete' })).key.id)
      if (ids.size === 0) throw badRequest('no key is named', 'keys')
      const removed = await trx
        .deleteFrom('keys')
        .where('id', 'in', [...ids])
        .returningAll()
        .execute()
      return { result: { deleted_keys: [...ids] }, changed: await forgetKeys(trx, removed) }
    }),
}
