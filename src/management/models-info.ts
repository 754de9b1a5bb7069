import { z } from 'zod'
import type { Caller } from '../core/caller.ts'
import type { Deployment } from '../core/deployment.ts'
import type { JsonObject } from '../core/json.ts'
import { mayUse } from '../core/may-use.ts'
import { notFound } from './errors.ts'
import { id, queryFlag, queryNumber } from './fields.ts'
import { modelCostMap, modelGroups } from './models-groups.ts'
import { infoOf } from './models-known.ts'
import type { LiveModels } from './models-live.ts'
import type { Operation } from './operation.ts'
import { ADMIN_READERS, EVERYBODY } from './role-groups.ts'

const infoInput = z.strictObject({ litellm_model_id: id.optional(), model: id.optional() })

const pagesInput = z.strictObject({
  model: id.optional(),
  modelId: id.optional(),
  search: id.optional(),
  user_models_only: queryFlag.optional(),
  include_team_models: queryFlag.optional(),
  debug: queryFlag.optional(),
  page: queryNumber(1, 1_000_000).default(1),
  size: queryNumber(1, 1_000).default(50),
})

/** What looks at models. None of it needs a store: the models of the configuration are shown without one. */
export function modelReads(models: LiveModels): readonly Operation[] {
  return [modelInfo(models), modelInfoInPages(models), modelGroups(models), modelCostMap(models)]
}

function modelInfo(models: LiveModels): Operation<z.output<typeof infoInput>> {
  return {
    method: 'GET',
    paths: ['/model/info', '/v1/model/info'],
    name: 'model/info',
    roles: EVERYBODY,
    input: infoInput,
    async run({ caller }, { litellm_model_id, model }) {
      const data = visible(models, caller).filter(
        one =>
          (litellm_model_id === undefined || one.model_info.id === litellm_model_id) &&
          (model === undefined || one.model_name === model),
      )
      if (litellm_model_id !== undefined && data.length === 0) throw notFound('model', litellm_model_id)
      return { data }
    },
  }
}

function modelInfoInPages(models: LiveModels): Operation<z.output<typeof pagesInput>> {
  return {
    method: 'GET',
    paths: ['/v2/model/info'],
    name: 'v2/model/info',
    roles: EVERYBODY,
    input: pagesInput,
    async run({ caller }, { model, modelId, search, page, size }) {
      const sought = search?.toLowerCase()
      const found = visible(models, caller).filter(
        one =>
          (model === undefined || one.model_name === model) &&
          (modelId === undefined || one.model_info.id === modelId) &&
          (sought === undefined || one.model_name.toLowerCase().includes(sought)),
      )
      return {
        data: found.slice((page - 1) * size, page * size),
        total_count: found.length,
        current_page: page,
        total_pages: Math.ceil(found.length / size),
        size,
      }
    },
  }
}

/** A model as LiteLLM shows it. */
export interface ShownModel {
  readonly model_name: string
  readonly litellm_params: JsonObject
  readonly model_info: JsonObject
}

/** The models that a caller may use, in the order of the file. Whoever does not see everything is not told where they are. */
function visible(models: LiveModels, caller: Caller): readonly ShownModel[] {
  const all = shownModels(models)
  if (ADMIN_READERS.includes(caller.role)) return all
  return all.flatMap(({ litellm_params: { model = null }, ...one }) =>
    mayUse(caller, one.model_name) ? [{ ...one, litellm_params: { model } }] : [],
  )
}

function shownModels({ current }: LiveModels): readonly ShownModel[] {
  const { models, configured, entries, settings } = current
  const byEntry = new Map<number, Deployment[]>()
  for (const deployment of settings.routing.deployments) {
    const entry = entries.get(deployment.id) ?? -1
    byEntry.set(entry, [...(byEntry.get(entry) ?? []), deployment])
  }
  return models.flatMap((entry, index): ShownModel[] => {
    const { model_name, litellm_params = {}, model_info = {} } = entry as Partial<ShownModel>
    const head = { model_name: model_name ?? '', litellm_params }
    const own = { ...model_info, db_model: index >= configured }
    const deployments = byEntry.get(index)
    if (!deployments) return [{ ...head, model_info: { id: null, ...own } }]
    return deployments.map(one => ({ ...head, model_info: { ...own, ...infoOf(one) } }))
  })
}
