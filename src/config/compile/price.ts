import type { ModelLimits } from '../../core/deployment.ts'
import type { RateCard } from '../../core/price.ts'
import { readPriceKeys } from '../../prices/litellm-map.ts'
import { mergeRates } from '../../prices/merge-rates.ts'
import { isEffectivePriceKey, isPriceKey, readPriceKey } from '../../prices/price-keys.ts'
import { hasRatesOf } from '../../prices/services.ts'
import { splitModel } from '../../providers/model-name.ts'
import type { Connection } from './connection.ts'
import { type CompileContext, defined } from './context.ts'
import type { DeploymentSource } from './deployment-source.ts'

/** What a deployment costs: the price book's card, with the prices of the configuration over it key by key. */
export function compilePrice(
  source: DeploymentSource,
  connection: Connection,
  context: CompileContext,
): RateCard | undefined {
  const base = context.prices.lookup(priceQuery(source, connection))
  const override = readPriceKeys(statedPrices(source))
  for (const key of override.unreadable)
    context.findings.report(placeOf(source, key), 'is not a price, so it is ignored', { inVain: true })
  noteIdleKeys(source, context)
  const card = mergeRates(base, override, 'config')
  if (card) noteHalfTiers(card, source, context)
  return card
}

/** A dearer tier of which one side alone is stated has no price: whoever has stated that is told. */
function noteHalfTiers(card: RateCard, source: DeploymentSource, { findings }: CompileContext): void {
  for (const key of Object.keys(statedPrices(source))) {
    const { service } = readPriceKey(key) ?? {}
    if (service === undefined || hasRatesOf(card, service)) continue
    const both = `input_cost_per_token_${service} and output_cost_per_token_${service}`
    findings.report(placeOf(source, key), `has no effect: the price of that tier takes ${both}`, { inVain: true })
  }
}

/** What a model holds and can do. */
export function compileLimits(source: DeploymentSource, connection: Connection, context: CompileContext): ModelLimits {
  const { info } = source.values
  const known = context.prices.limits(priceQuery(source, connection))
  const supports = Object.entries(source.info).flatMap(([key, value]) => {
    return key.startsWith('supports_') && typeof value === 'boolean' ? [[key.slice('supports_'.length), value]] : []
  })
  return {
    ...defined({
      maxInputTokens: info.max_input_tokens ?? known.maxInputTokens,
      maxOutputTokens: info.max_output_tokens ?? info.max_tokens ?? known.maxOutputTokens,
    }),
    supports: Object.fromEntries(supports),
  }
}

function priceQuery({ values }: DeploymentSource, { host, model }: Connection) {
  const base = values.info.base_model ?? values.params.base_model
  if (base === undefined) return { provider: host.name, model }
  return splitModel(base) ?? { provider: host.name, model: base }
}

/** `litellm_params` win over `model_info`, which wins over what stands beside them. */
function statedPrices({ entry, params, info }: DeploymentSource): Record<string, unknown> {
  return { ...onlyPrices(entry.value), ...info, ...onlyPrices(params.value) }
}

function onlyPrices(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([key, value]) => isPriceKey(key) && value !== null))
}

function placeOf({ entry, params }: DeploymentSource, key: string) {
  if (Object.hasOwn(params.value, key)) return params.subject(key)
  const info = entry.section('model_info')
  return info && Object.hasOwn(info.value, key) ? info.subject(key) : entry.subject(key)
}

/** Prices of seconds, pictures and other tools are legal and have no part in the price of tokens. */
function noteIdleKeys(source: DeploymentSource, { findings }: CompileContext): void {
  for (const key of Object.keys(statedPrices(source))) {
    if (!isPriceKey(key) || isEffectivePriceKey(key)) continue
    findings.note(
      placeOf(source, key),
      'accepted, no effect yet: only tokens, requests and web searches are charged for',
    )
  }
}
