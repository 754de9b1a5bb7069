import type { Kysely } from 'kysely'
import type { JsonObject } from '../core/json.ts'
import type { Database, ModelRow } from '../store/schema.ts'
import type { Sealer } from './models-seal.ts'

/** A model that was added by the management API, with its credentials. */
export interface StoredModel {
  readonly id: string
  readonly name: string
  readonly params: JsonObject
  readonly info: JsonObject
}

/** So many are compiled anew at each change. */
export const MAX_MODELS = 1_000

/** What stands in the column `data`: all of `litellm_params` is sealed, since any of it may be a credential. */
interface ModelData {
  readonly sealed: string
  readonly info: JsonObject
}

export async function readModelRows(db: Kysely<Database>): Promise<readonly ModelRow[]> {
  return db.selectFrom('models').selectAll().orderBy('created_at').orderBy('id').limit(MAX_MODELS).execute()
}

export function sealedData({ id, params, info }: StoredModel, sealer: Sealer): string {
  const data: ModelData = { sealed: sealer.seal(JSON.stringify(params), `model ${id}`), info }
  return JSON.stringify(data)
}

/** @throws Failure `internal` when its credentials cannot be opened. */
export function openModel({ id, name, data }: Pick<ModelRow, 'id' | 'name' | 'data'>, sealer: Sealer): StoredModel {
  const { sealed, info } = JSON.parse(data) as ModelData
  return { id, name, params: JSON.parse(sealer.open(sealed, `model ${id}`)) as JsonObject, info }
}

/** A stored model as an entry of `model_list`. */
export function entryOf({ id, name, params, info }: StoredModel): JsonObject {
  return { model_name: name, litellm_params: params, model_info: { ...info, id, db_model: true } }
}
