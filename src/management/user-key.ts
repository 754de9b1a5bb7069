import type { Transaction } from 'kysely'
import { z } from 'zod'
import { keyName, newKey } from '../access/key-hash.ts'
import type { Database, UserRow } from '../store/schema.ts'
import type { Changed } from './change.ts'
import { duration, id } from './fields.ts'
import { requireNoMore } from './key-bounds.ts'
import { keyAfter, requirePlaces } from './key-draft.ts'
import { hashOf, saveKey } from './key-rows.ts'
import { oneShownKey } from './key-view.ts'
import { blankKey } from './keys-generate.ts'
import { lockTeam } from './team-rows.ts'
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
    readonly organizations?: readonly string[] | null | undefined
  }
}

export interface MadeKey {
  /** The key, told once, and by which id it is known. */
  readonly told: object
  readonly changed: readonly Changed[]
}

/** Routes of keys that somebody else made in a user's name: they ask models, and manage nothing. */
const MODELS_ONLY = ['llm_api_routes']

/**
 * Makes a key of a new user's. What bounds the user bounds it: it has no budget of its own, but for the most that any key
 * may have where that is configured. One who is made by the administrator of an organization gets one of that organization,
 * for models only.
 */
export async function makeUserKey(
  trx: Transaction<Database>,
  { user, input }: Asked,
  { context, now }: Occasion,
): Promise<MadeKey> {
  const { caller } = context
  const isAdmin = caller.role === 'proxy_admin'
  const secret = newKey()
  const team_id = input.team_id ?? null
  const team = team_id === null ? undefined : (await lockTeam(trx, caller, { id: team_id, to: 'members' })).team
  const said = {
    ...context.access?.keyCeilings,
    user_id: user.id,
    team_id,
    organization_id: team ? team.organization_id : (input.organizations?.[0] ?? null),
    key_alias: input.key_alias ?? null,
    duration: input.duration ?? null,
    allowed_routes: isAdmin ? null : MODELS_ONLY,
  }
  const blank = blankKey({ id: hashOf(context).idOf(secret), name: keyName(secret) }, { keyId: caller.keyId, now })
  const key = keyAfter(blank, said, { now, by: caller.keyId })
  await requirePlaces(trx, key)
  await requireNoMore(trx, context, { after: key })
  const changed = await saveKey(trx, now, { after: key })
  const shown = await oneShownKey(trx, key)
  const { token, token_id, key_name, key_alias, expires, team_id: of, organization_id } = shown
  const told = { key: secret, token, token_id, key_name, key_alias, expires, team_id: of, organization_id }
  return { told, changed }
}
