import { z } from 'zod'
import type { KnownPrice } from '../config/compile/compile.ts'
import type { Caller } from '../core/caller.ts'
import type { Charge } from '../core/charge.ts'
import type { Deployment } from '../core/deployment.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { mayUse } from '../core/may-use.ts'
import { type NanoUsd, nanoToUsd } from '../core/money.ts'
import { serviceTierNamed } from '../core/service-tier.ts'
import type { Usage } from '../core/usage.ts'
import { chargeOf, costOf, costSides, inputTokenBounds, ratesFor } from '../prices/index.ts'
import { badRequest } from './errors.ts'
import { id } from './fields.ts'
import { perToken } from './models-known.ts'
import type { LiveModels } from './models-live.ts'
import type { Operation } from './operation.ts'
import { ADMIN_READERS, EVERYBODY } from './role-groups.ts'

/** What calls cost, and would cost. None of it needs a store. */
export function costOperations(models: LiveModels): readonly Operation[] {
  return [calculate(models), estimate(models), discounts(models), margins(models)]
}

const tokens = z.number().int().min(0).max(1_000_000_000)
const details = z.looseObject({ cached_tokens: tokens.nullish(), reasoning_tokens: tokens.nullish() }).nullish()
const usageInput = z.looseObject({
  prompt_tokens: tokens.default(0),
  completion_tokens: tokens.default(0),
  prompt_tokens_details: details,
  completion_tokens_details: details,
  cache_read_input_tokens: tokens.nullish(),
  server_tool_use: z.looseObject({ web_search_requests: tokens.nullish() }).nullish(),
  cache_creation_input_tokens: tokens.nullish(),
})
const calculateInput = z.strictObject({
  model: id.optional(),
  messages: z.array(z.custom<JsonObject>()).max(10_000).optional(),
  completion_response: z
    .looseObject({ model: id.optional(), service_tier: z.string().nullish(), usage: usageInput })
    .optional(),
})

/** `POST /spend/calculate`: what an answer has cost, or what the input of a request is likely to cost. */
function calculate(models: LiveModels): Operation<z.output<typeof calculateInput>> {
  return {
    method: 'POST',
    reads: true,
    paths: ['/spend/calculate'],
    name: 'spend/calculate',
    roles: EVERYBODY,
    input: calculateInput,
    async run({ caller }, { model, messages, completion_response }) {
      const name = model ?? completion_response?.model
      if (name === undefined) throw badRequest('say which model', 'model')
      const priced = pricedModel(models, name, caller)
      if (completion_response) return { cost: nanoToUsd(chargeFor(models, priced, usageOf(completion_response)).total) }
      if (!messages) throw badRequest('send messages, or a completion_response', 'messages')
      const { likely } = inputTokenBounds({ operation: 'chat', body: { messages }, streamed: false })
      return { cost: nanoToUsd(chargeFor(models, priced, { inputTokens: likely, outputTokens: 0 }).total) }
    },
  }
}

const estimateInput = z.strictObject({
  model: id,
  input_tokens: tokens.default(0),
  output_tokens: tokens.default(0),
  num_requests_per_day: tokens.nullish(),
  num_requests_per_month: tokens.nullish(),
})

/** `POST /cost/estimate`: what requests of that many tokens cost, each and per day and month. */
function estimate(models: LiveModels): Operation<z.output<typeof estimateInput>> {
  return {
    method: 'POST',
    reads: true,
    paths: ['/cost/estimate'],
    name: 'cost/estimate',
    roles: EVERYBODY,
    input: estimateInput,
    async run({ caller }, { model, input_tokens, output_tokens, num_requests_per_day, num_requests_per_month }) {
      const priced = pricedModel(models, model, caller)
      const usage = { inputTokens: input_tokens, outputTokens: output_tokens }
      const { total, margin } = chargeFor(models, priced, usage)
      const sides = costSides(priced.card, usage)
      const rates = ratesFor(priced.card, input_tokens)
      const times = (name: string, count: number | null | undefined) => {
        const sum = (nano: NanoUsd) => (count == null ? null : nanoToUsd(nano * BigInt(count)))
        return {
          [`${name}_cost`]: sum(total),
          [`${name}_input_cost`]: sum(sides.input),
          [`${name}_output_cost`]: sum(sides.output),
          [`${name}_margin_cost`]: sum(margin),
        }
      }
      return {
        model,
        provider: priced.provider,
        input_tokens,
        output_tokens,
        num_requests_per_day: num_requests_per_day ?? null,
        num_requests_per_month: num_requests_per_month ?? null,
        cost_per_request: nanoToUsd(total),
        input_cost_per_request: nanoToUsd(sides.input),
        output_cost_per_request: nanoToUsd(sides.output),
        margin_cost_per_request: nanoToUsd(margin),
        ...times('daily', num_requests_per_day),
        ...times('monthly', num_requests_per_month),
        input_cost_per_token: perToken(rates.input),
        output_cost_per_token: perToken(rates.output),
      }
    },
  }
}

/** `GET /config/cost_discount_config` */
function discounts(models: LiveModels): Operation {
  return configured(models, 'cost_discount_config')
}

/** `GET /config/cost_margin_config` */
function margins(models: LiveModels): Operation {
  return configured(models, 'cost_margin_config')
}

function configured(models: LiveModels, name: 'cost_discount_config' | 'cost_margin_config'): Operation {
  return {
    method: 'GET',
    paths: [`/config/${name}`],
    name: `config/${name}`,
    roles: ADMIN_READERS,
    input: z.strictObject({}),
    async run() {
      const settings = models.config.document.litellm_settings as JsonObject | undefined
      const values: Json = settings?.[name] ?? {}
      return { values }
    },
  }
}

/**
 * The price of a pool's first deployment that has one, or of a model by its own name. What the caller may not use, and what is
 * agreed of its price, is unknown to it. @throws Failure when nobody knows the price.
 */
function pricedModel({ current }: LiveModels, name: string, caller: Caller): KnownPrice {
  const { deployments } = current.settings.routing
  const meant = (one: Deployment) =>
    (one.pool === name || one.id === name || `${one.provider}/${one.model}` === name) && mayUse(caller, one.pool)
  for (const one of deployments) if (one.price && meant(one)) return { provider: one.provider, card: one.price }
  const known = current.priceOf(name)
  if (known) return known
  throw badRequest(`nobody knows the price of '${name}': name a model of this gateway, or provider/model`, 'model')
}

function chargeFor(
  { current }: LiveModels,
  { provider, card }: KnownPrice,
  usage: Usage,
): Pick<Charge, 'total' | 'margin'> {
  const cost = costOf(card, usage)
  const { charges } = current.settings.routing
  return charges ? chargeOf({ provider, cost, answered: true }, charges) : { total: cost, margin: 0n }
}

interface Answered {
  readonly usage: z.output<typeof usageInput>
  readonly service_tier?: string | null | undefined
}

function usageOf({ usage, service_tier: tier }: Answered): Usage {
  const cacheRead = usage.cache_read_input_tokens ?? usage.prompt_tokens_details?.cached_tokens
  const cacheWrite = usage.cache_creation_input_tokens
  const searches = usage.server_tool_use?.web_search_requests
  const reasoning = usage.completion_tokens_details?.reasoning_tokens
  return {
    inputTokens: usage.prompt_tokens,
    outputTokens: usage.completion_tokens,
    ...(cacheRead != null && { cacheReadTokens: cacheRead }),
    ...(cacheWrite != null && { cacheWriteTokens: cacheWrite }),
    ...(reasoning != null && { reasoningTokens: reasoning }),
    ...(searches != null && { webSearches: searches }),
    ...(tier && { serviceTier: serviceTierNamed(tier) }),
  }
}
