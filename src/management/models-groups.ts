import { z } from 'zod'
import type { Deployment } from '../core/deployment.ts'
import type { JsonObject } from '../core/json.ts'
import { mayUse } from '../core/may-use.ts'
import { id } from './fields.ts'
import { infoOf } from './models-known.ts'
import type { LiveModels } from './models-live.ts'
import type { Operation } from './operation.ts'
import { EVERYBODY } from './role-groups.ts'

const input = z.strictObject({ model_group: id.optional() })

/** `GET /model_group/info`: what a pool can do, taken over all its deployments. */
export function modelGroups(models: LiveModels): Operation<z.output<typeof input>> {
  return {
    method: 'GET',
    paths: ['/model_group/info'],
    name: 'model_group/info',
    roles: EVERYBODY,
    input,
    async run({ caller }, { model_group }) {
      const groups = [...byPool(models)].filter(([pool]) => model_group === undefined || pool === model_group)
      return {
        data: groups.flatMap(([pool, deployments]) => (mayUse(caller, pool) ? [groupOf(pool, deployments)] : [])),
      }
    },
  }
}

/** `GET /public/litellm_model_cost_map`: prices and limits of the models that the caller may use, in the shape of LiteLLM's map. */
export function modelCostMap(models: LiveModels): Operation<object> {
  return {
    method: 'GET',
    paths: ['/public/litellm_model_cost_map'],
    name: 'public/litellm_model_cost_map',
    roles: EVERYBODY,
    input: z.strictObject({}),
    async run({ caller }) {
      const { deployments } = models.current.settings.routing
      const usable = deployments.filter(({ pool }) => mayUse(caller, pool))
      const entries = usable.map(one => {
        const { id: _, key, ...entry } = infoOf(one)
        return [String(key), Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== null))] as const
      })
      return Object.fromEntries(entries)
    },
  }
}

function byPool({ current }: LiveModels): ReadonlyMap<string, readonly Deployment[]> {
  const pools = new Map<string, Deployment[]>()
  for (const one of current.settings.routing.deployments) pools.set(one.pool, [...(pools.get(one.pool) ?? []), one])
  return pools
}

/** The largest of limits and prices, the sum of rates, any of the abilities: as LiteLLM takes them together. */
function groupOf(pool: string, deployments: readonly Deployment[]): JsonObject {
  const infos = deployments.map(infoOf)
  const most = (name: string) => largest(infos.map(info => info[name]))
  const sum = (name: 'tpm' | 'rpm') => total(deployments.map(one => one.selection[name]))
  const abilities = new Set(infos.flatMap(info => Object.keys(info).filter(name => name.startsWith('supports_'))))
  return {
    model_group: pool,
    providers: [...new Set(deployments.map(one => one.provider))],
    max_input_tokens: most('max_input_tokens'),
    max_output_tokens: most('max_output_tokens'),
    input_cost_per_token: most('input_cost_per_token'),
    output_cost_per_token: most('output_cost_per_token'),
    mode: infos[0]?.mode ?? null,
    tpm: sum('tpm'),
    rpm: sum('rpm'),
    ...Object.fromEntries([...abilities].map(name => [name, infos.some(info => info[name] === true)])),
    supported_openai_params: deployments[0]?.info.supported_openai_params ?? null,
    configurable_clientside_auth_params: null,
    is_public_model_group: false,
    health_status: null,
    health_response_time: null,
    health_checked_at: null,
  }
}

function largest(values: readonly unknown[]): number | null {
  const numbers = values.filter(one => typeof one === 'number')
  return numbers.length === 0 ? null : Math.max(...numbers)
}

function total(values: readonly (number | undefined)[]): number | null {
  const numbers = values.filter(one => one !== undefined)
  return numbers.length === 0 ? null : numbers.reduce((sum, one) => sum + one, 0)
}
