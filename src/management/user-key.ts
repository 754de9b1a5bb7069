import type { Transaction } from 'kysely'
import { z } from 'zod'
import { Failure } from '../core/failure.ts'
import type { Database, UserRow } from '../store/schema.ts'
import type { Changed } from './change.ts'
import { duration, id } from './fields.ts'
import type { Occasion } from './users.ts'

/** What a request for a user says of the key that is made for them. */
export const keyFields = {
  auto_create_key: z.boolean().default(true),
  key_alias: id.nullish(),
  duration: duration.nullish(),
  team_id: id.nullish(),
} as const

interface Asked {
  readonly user: UserRow
  readonly input: {
    readonly key_alias?: string | null | undefined
    readonly duration?: string | null | undefined
    readonly team_id?: string | null | undefined
  }
}

export interface MadeKey {
  /** The key, told once, and what is known of it. */
  readonly told: object
  readonly changed: readonly Changed[]
}

/** Makes a key of a user's. What bounds the user bounds it: it has no budget of its own. */
export async function makeUserKey(_trx: Transaction<Database>, _asked: Asked, _occasion: Occasion): Promise<MadeKey> {
  throw new Failure('not_implemented', 'keys are not made with users yet; send auto_create_key: false', {
    param: 'auto_create_key',
  })
}
