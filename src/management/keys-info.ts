import { z } from 'zod'
import { isKeyId } from '../access/key-hash.ts'
import { badRequest, notFound } from './errors.ts'
import { id } from './fields.ts'
import { keyReference } from './key-fields.ts'
import { findKey } from './key-rows.ts'
import { oneShownKey, type ShownKey, shownKeys } from './key-view.ts'
import type { Operation, OperationContext } from './operation.ts'
import { READERS } from './role-groups.ts'

/** Whoever has a key may look it up; whose else they may see is judged by what the tables say. */
const HOLDERS = [...READERS, 'team', 'customer'] as const

const infoInput = z.strictObject({ key: keyReference.optional() })

/** A key's fields, and what it has spent. Default: the key that asks. */
export const keyInfo: Operation<z.infer<typeof infoInput>, { readonly key: string; readonly info: ShownKey }> = {
  method: 'GET',
  paths: ['/key/info'],
  name: 'key/info',
  roles: HOLDERS,
  input: infoInput,
  async run(context, { key: named = ownKey(context) }) {
    const { store } = context
    const { key } = await findKey(store.db, context, named)
    return { key: key.id, info: await oneShownKey(store.db, key) }
  },
}

function ownKey({ caller }: OperationContext): string {
  if (isKeyId(caller.keyId)) return caller.keyId
  throw badRequest('the master key is none of the keys that are kept; say which key', 'key')
}

const manyInput = z.strictObject({ keys: z.array(keyReference).min(1).max(100) })

/** The same for several keys: all of them, or a 404 for the one that there is not. */
export const keyInfoV2: Operation<z.infer<typeof manyInput>> = {
  method: 'POST',
  paths: ['/v2/key/info'],
  name: 'v2/key/info',
  reads: true,
  roles: HOLDERS,
  input: manyInput,
  async run(context, { keys }) {
    const { store } = context
    const found = []
    for (const named of keys) found.push((await findKey(store.db, context, named)).key)
    return { key: found.map(({ id }) => id), info: await shownKeys(store.db, found) }
  },
}

/** Whether the key that asks is in order: a blocked or expired one does not come so far. */
export const keyHealth: Operation<Record<string, never>> = {
  method: 'POST',
  paths: ['/key/health'],
  name: 'key/health',
  reads: true,
  roles: HOLDERS,
  input: z.strictObject({}),
  run: async () => ({ key: 'healthy', logging_callbacks: null }),
}

const namedInput = z.strictObject({ key_alias: id })

/** The id of a key by its alias: for the command line, which alone runs it. */
export const keyNamed: Operation<z.infer<typeof namedInput>, string> = {
  method: 'GET',
  paths: [],
  name: 'key/named',
  roles: ['proxy_admin'],
  input: namedInput,
  async run({ store }, { key_alias }) {
    const key = await store.db.selectFrom('keys').select('id').where('alias', '=', key_alias).executeTakeFirst()
    if (!key) throw notFound('key', key_alias)
    return key.id
  },
}
