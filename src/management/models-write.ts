import { randomUUID } from 'node:crypto'
import type { Transaction } from 'kysely'
import { z } from 'zod'
import { redact } from '../config/redact.ts'
import { type Tree, toTree } from '../config/tree.ts'
import { isObject, type JsonObject } from '../core/json.ts'
import type { Database, ModelRow } from '../store/schema.ts'
import { writeChange } from './change.ts'
import { madeBy, type Patch, patched, shownDates } from './entity-data.ts'
import { badRequest, notFound, shown } from './errors.ts'
import { id, metadata } from './fields.ts'
import type { LiveModels } from './models-live.ts'
import { MAX_MODELS, openModel, readModelRows, type StoredModel, sealedData } from './models-stored.ts'
import type { Operation, OperationContext } from './operation.ts'
import { ADMINS } from './role-groups.ts'

const newInput = z.strictObject({ model_name: id, litellm_params: metadata, model_info: metadata.optional() })
const changes = {
  model_name: id.optional(),
  litellm_params: metadata.optional(),
  model_info: metadata.optional(),
} as const
const updateInput = z.strictObject(changes)
const patchInput = z.strictObject({ ...changes, model_id: id })
const deleteInput = z.strictObject({ id })

type Changes = z.output<typeof updateInput>

/** The operations that change models. They answer when this replica goes by the change; others follow within a second. */
export function modelWrites(models: LiveModels): readonly Operation[] {
  return [modelNew(models), modelUpdate(models), modelPatch(models), modelDelete(models)]
}

function modelNew(models: LiveModels): Operation<z.output<typeof newInput>> {
  return {
    method: 'POST',
    paths: ['/model/new'],
    name: 'model/new',
    roles: ADMINS,
    input: newInput,
    async run(context, { model_name: name, litellm_params: params, model_info = {} }) {
      const model = { id: idOf(model_info) ?? randomUUID(), name, params, info: withoutId(model_info) }
      requireFree(models, model.id)
      const row = await writeChange(context, 'model/new', async (trx, now) => {
        const rows = await readModelRows(trx)
        if (rows.some(one => one.id === model.id))
          throw badRequest(`there is a model '${model.id}' already`, 'model_info.id')
        if (rows.length >= MAX_MODELS)
          throw badRequest(`there are ${MAX_MODELS} stored models already, and no more are kept`)
        requireUsable(models, rows, model)
        const made = madeBy(context.caller.keyId, now)
        const row: ModelRow = { id: model.id, name, data: sealedData(model, models.sealer), ...made }
        await trx.insertInto('models').values(row).execute()
        return { result: row, changed: [{ kind: 'model', id: model.id, after: audited(model) }] }
      })
      await models.refresh()
      return shownRow(row, model)
    },
  }
}

/** `POST /model/update`: fields that are sent replace the stored ones, null takes them away. */
function modelUpdate(models: LiveModels): Operation<Changes> {
  return {
    method: 'POST',
    paths: ['/model/update'],
    name: 'model/update',
    roles: ADMINS,
    input: updateInput,
    async run(context, sent) {
      const id = idOf(sent.model_info ?? {})
      if (id === undefined) throw badRequest('say which model by its id', 'model_info.id')
      return change(models, context, { id, sent })
    },
  }
}

function modelPatch(models: LiveModels): Operation<z.output<typeof patchInput>> {
  return {
    method: 'PATCH',
    paths: ['/model/:model_id/update'],
    name: 'model/update',
    roles: ADMINS,
    input: patchInput,
    async run(context, { model_id: id, ...sent }) {
      const said = idOf(sent.model_info ?? {})
      if (said !== undefined && said !== id) throw badRequest('the id of a model cannot be changed', 'model_info.id')
      return change(models, context, { id, sent })
    },
  }
}

function modelDelete(models: LiveModels): Operation<z.output<typeof deleteInput>> {
  return {
    method: 'POST',
    paths: ['/model/delete'],
    name: 'model/delete',
    roles: ADMINS,
    input: deleteInput,
    async run(context, { id }) {
      await writeChange(context, 'model/delete', async trx => {
        const row = await storedRow(trx, models, id)
        await trx.deleteFrom('models').where('id', '=', id).execute()
        return { result: undefined, changed: [{ kind: 'model', id, before: { model_name: row.name } }] }
      })
      await models.refresh()
      return { message: `Model: ${id} deleted successfully` }
    },
  }
}

interface Asked {
  readonly id: string
  readonly sent: Changes
}

async function change(models: LiveModels, context: OperationContext, { id, sent }: Asked) {
  const { row, model } = await writeChange(context, 'model/update', async (trx, now) => {
    const stored = await storedRow(trx, models, id)
    const before = openModel(stored, models.sealer)
    const model = {
      id,
      name: sent.model_name ?? before.name,
      params: patched(before.params, unmasked(sent.litellm_params ?? {})),
      info: patched(before.info, unmasked(withoutId(sent.model_info ?? {}))),
    }
    requireUsable(models, await readModelRows(trx), model)
    const { updated_at, updated_by } = madeBy(context.caller.keyId, now)
    const row = { ...stored, name: model.name, data: sealedData(model, models.sealer), updated_at, updated_by }
    await trx.updateTable('models').set(row).where('id', '=', id).execute()
    const changed = [{ kind: 'model' as const, id, before: audited(before), after: audited(model) }]
    return { result: { row, model }, changed }
  })
  await models.refresh()
  return shownRow(row, model)
}

async function storedRow(trx: Transaction<Database>, models: LiveModels, id: string): Promise<ModelRow> {
  requireFree(models, id)
  const row = await trx.selectFrom('models').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw notFound('model', id)
  return row
}

function requireFree(models: LiveModels, id: string): void {
  if (models.isConfigured(id))
    throw badRequest(`the model '${shown(id)}' belongs to the configuration file and is changed there`, 'model_info.id')
}

/** @throws Failure `invalid_request` with what is wrong, in the words of `tollgate check`. */
function requireUsable(models: LiveModels, rows: readonly ModelRow[], model: StoredModel): void {
  requirePlainUrls(model.params)
  const others = models.openAll(rows.filter(row => row.id !== model.id))
  const compiled = models.compile([...others, model])
  const [error] = compiled.findings[others.length]?.filter(one => one.severity === 'error' || one.inVain) ?? []
  if (error) throw badRequest(`${error.path}: ${error.message}`, error.path)
  const entry = compiled.models.length - 1
  const reason = compiled.leftOut.find(one => one.entry === entry && !isElsewhere(one.variables))?.reason
  if (reason !== undefined) throw badRequest(`it could not be used: ${reason}`, 'litellm_params')
}

/** It is left out here because it serves another environment, which is no fault. */
function isElsewhere(variables: readonly string[]): boolean {
  return variables.includes('LITELLM_ENVIRONMENT')
}

const ADDRESSES: ReadonlySet<string> = new Set(['api_base', 'base_url'])

/** What is dialled is http or https, and credentials stand in fields where they are kept from view. */
function requirePlainUrls(params: JsonObject): void {
  for (const [name, value] of Object.entries(params)) {
    if (!ADDRESSES.has(name) || typeof value !== 'string' || value.startsWith('os.environ/')) continue
    const param = `litellm_params.${name}`
    if (!URL.canParse(value)) throw badRequest(`${param} is not a URL`, param)
    const { protocol, username, password } = new URL(value)
    if (!/^https?:$/.test(protocol)) throw badRequest(`${param} is not an http(s) URL`, param)
    if (username || password)
      throw badRequest(`${param} must not hold credentials: use api_key or extra_headers`, param)
  }
}

function idOf(info: JsonObject): string | undefined {
  if (info.id === undefined || info.id === null) return undefined
  const read = id.safeParse(info.id)
  if (!read.success) throw badRequest('model_info.id must be a text of at most 256 characters', 'model_info.id')
  return read.data
}

function withoutId({ id: _, db_model: __, ...info }: JsonObject): JsonObject {
  return info
}

/** What came out masked and comes back so is unchanged. */
function unmasked(patch: JsonObject): Patch {
  return Object.fromEntries(Object.entries(patch).filter(([, value]) => !isMasked(value)))
}

function isMasked(value: unknown): boolean {
  if (value === '***') return true
  if (Array.isArray(value)) return value.some(isMasked)
  return isObject(value) && Object.values(value).some(isMasked)
}

function audited({ name, params, info }: StoredModel): object {
  return { model_name: name, params: masked(params), model_info: masked(info) }
}

function masked(fields: JsonObject): JsonObject {
  return redact(toTree(fields) as Tree)
}

/** LiteLLM's row of a model. */
function shownRow(row: ModelRow, { id, name, params, info }: StoredModel) {
  return {
    model_id: id,
    model_name: name,
    litellm_params: masked(params),
    model_info: { ...masked(info), id, db_model: true },
    ...shownDates(row),
  }
}
