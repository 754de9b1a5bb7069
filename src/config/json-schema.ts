import { z } from 'zod'
import { complexityHonoured } from './keys/auto-router.ts'
import { entryKeys, infoKeys, paramsKeys } from './keys/deployment.ts'
import type { Honoured, KeyTable } from './keys/entry.ts'
import { generalKeys } from './keys/general.ts'
import { litellmKeys } from './keys/litellm.ts'
import { routerKeys } from './keys/router.ts'
import { tollgateHonoured, tollgateKeys } from './keys/tollgate.ts'
import { topKeys } from './keys/top.ts'

/** A JSON Schema, or a part of one. */
export interface JsonSchema {
  readonly [keyword: string]: unknown
}

type Properties = Readonly<Record<string, JsonSchema>>

/**
 * The JSON Schema (draft 2020-12) of a whole configuration file, for editors. It describes every key that is known; it
 * forbids none, since unknown ones are sent upstream or reported with a suggestion.
 */
export function configJsonSchema(): JsonSchema {
  const top = properties(topKeys)
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'tollgate configuration',
    description: "LiteLLM's configuration, with tollgate_settings for what LiteLLM does not have.",
    type: 'object',
    properties: {
      ...top,
      model_list: { description: top.model_list?.description, type: 'array', items: deploymentSchema() },
      router_settings: section(top.router_settings, properties(routerKeys)),
      litellm_settings: section(top.litellm_settings, properties(litellmKeys)),
      general_settings: section(top.general_settings, properties(generalKeys)),
      tollgate_settings: section(top.tollgate_settings, tollgateProperties()),
    },
  }
}

function deploymentSchema(): JsonSchema {
  const entry = properties(entryKeys)
  const params = properties(paramsKeys)
  const prices = { '_cost(_|$)': { description: 'A price in US dollars; see the price map.' } }
  return {
    type: 'object',
    required: ['model_name', 'litellm_params'],
    properties: {
      ...entry,
      litellm_params: {
        ...section(entry.litellm_params, {
          ...params,
          complexity_router_config: section(params.complexity_router_config, ofHonoured(complexityHonoured)),
        }),
        required: ['model'],
        patternProperties: prices,
      },
      model_info: {
        ...section(entry.model_info, properties(infoKeys)),
        patternProperties: { ...prices, '^supports_': { type: 'boolean' } },
      },
    },
  }
}

function tollgateProperties(): Properties {
  const { listen, telemetry, jsonl, traces, routing, tier, auto, budgets, webhook, limits, redis, tls } =
    tollgateHonoured
  const settings = properties(tollgateKeys)
  const inTelemetry = ofHonoured(telemetry)
  const inRouting = ofHonoured(routing)
  const inBudgets = ofHonoured(budgets)
  const inRedis = ofHonoured(redis)
  const orMap = (one: JsonSchema | undefined, plain: string, keys: Readonly<Record<string, Honoured>>): JsonSchema => {
    return { description: one?.description, anyOf: [{ type: plain }, section({}, ofHonoured(keys))] }
  }
  const each = (one: JsonSchema | undefined, keys: Readonly<Record<string, Honoured>>): JsonSchema => {
    return { description: one?.description, type: 'object', additionalProperties: section({}, ofHonoured(keys)) }
  }
  return {
    ...settings,
    listen: section(settings.listen, ofHonoured(listen)),
    telemetry: section(settings.telemetry, {
      ...inTelemetry,
      jsonl: orMap(inTelemetry.jsonl, 'string', jsonl),
      traces: section(inTelemetry.traces, ofHonoured(traces)),
    }),
    routing: section(settings.routing, {
      ...inRouting,
      tiers: each(inRouting.tiers, tier),
      auto: each(inRouting.auto, auto),
    }),
    budgets: section(settings.budgets, { ...inBudgets, webhook: orMap(inBudgets.webhook, 'string', webhook) }),
    limits: section(settings.limits, ofHonoured(limits)),
    redis: section(settings.redis, { ...inRedis, tls: orMap(inRedis.tls, 'boolean', tls) }),
  }
}

function section(one: JsonSchema | undefined, inner: Properties): JsonSchema {
  return { ...(one?.description !== undefined && { description: one.description }), type: 'object', properties: inner }
}

function properties(keys: KeyTable): Properties {
  const entries = [...keys].map(([key, { type, description, mark }]) => {
    return [key, property(type, description, mark === 'effect' ? {} : { 'x-tollgate-mark': mark })] as const
  })
  return Object.fromEntries(entries)
}

function ofHonoured(keys: Readonly<Record<string, Honoured>>): Properties {
  return Object.fromEntries(
    Object.entries(keys).map(([key, [type, description]]) => [key, property(type, description, {})]),
  )
}

/** A value by its type, or a reference to the environment, which is legal wherever a value is. */
function property(type: z.ZodType | undefined, description: string, extra: JsonSchema): JsonSchema {
  if (!type) return { description, ...extra }
  const { $schema: _, description: form, ...schema } = z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' })
  const said = form === undefined || form === description ? description : `${description} (${form})`
  const takesAnyText = Object.keys(schema).length === 0 || [schema.type].flat().some(one => one === 'string')
  if (takesAnyText && schema.enum === undefined) return { description: said, ...schema, ...extra }
  return { description: said, anyOf: [schema, REFERENCE], ...extra }
}

const REFERENCE: JsonSchema = { type: 'string', pattern: '^os\\.environ/' }
