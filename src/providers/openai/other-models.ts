import type { Attempt } from '../../core/call.ts'
import { Failure } from '../../core/failure.ts'
import { isObject, type Json, type JsonObject } from '../../core/json.ts'

/**
 * Refuses a request that names further models for the host to go to: what they may cost is held nowhere, and which of them a caller may
 * use is asked by nobody. A configuration that names some itself, or that lets `models` through, is trusted.
 * OpenRouter (https://openrouter.ai/docs/guides/routing/model-fallbacks) and gateways like it have them in `models`, Vercel's in
 * `providerOptions.gateway` as well (https://vercel.com/docs/ai-gateway/models-and-providers/model-fallbacks).
 * @throws Failure `invalid_request`
 */
export function refuseOtherModels({ request, deployment }: Attempt): void {
  const { body } = request
  const { allow, drop } = deployment.parameters
  const param = namedIn(body, drop)
  if (param === undefined || allow.includes('models')) return
  throw new Failure(
    'invalid_request',
    `'${param}' names models for ${deployment.provider} to go to by itself, whose prices and permissions are not looked at: name them in 'fallbacks', or allow it by allowed_openai_params: [models]`,
    { param, code: 'several_models' },
  )
}

/** Where a body names further models; undefined when it does not. */
function namedIn({ models, extra_body: extra, providerOptions: options }: JsonObject, drop: readonly string[]) {
  if (isNamed(models) && !drop.includes('models')) return 'models'
  if (isObject(extra) && isNamed(extra.models) && !drop.includes('extra_body')) return 'extra_body.models'
  const gateway = isObject(options) ? options.gateway : undefined
  return isObject(gateway) && isNamed(gateway.models) && !drop.includes('providerOptions')
    ? 'providerOptions.gateway.models'
    : undefined
}

function isNamed(models: Json | undefined): boolean {
  return Array.isArray(models) ? models.length > 0 : (models ?? '') !== ''
}
