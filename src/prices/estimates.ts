import type { Call } from '../core/call.ts'
import type { Deployment, Estimate } from '../core/deployment.ts'
import type { Request } from '../core/request.ts'
import type { InputTokenBounds } from './bounds.ts'
import { type ExpectedTokens, expectedTokens, priceExpected } from './estimate.ts'

/**
 * Estimates for calls that are weighed at many deployments: the prompt is measured once per request, and only when
 * somebody asks.
 */
export function estimates(
  boundsOf?: (request: Request) => InputTokenBounds,
): (deployment: Deployment, call: Call, assumedOutputTokens?: number) => Estimate {
  const own = boundsOf && { boundsOf }
  const measured = new WeakMap<Request, ExpectedTokens>()
  const expected = (request: Request): ExpectedTokens => {
    const known = measured.get(request)
    if (known) return known
    const tokens = expectedTokens(request, own)
    measured.set(request, tokens)
    return tokens
  }
  return ({ price, limits }, { request }, assumedOutputTokens) =>
    priceExpected(
      price,
      limits,
      assumedOutputTokens === undefined ? expected(request) : expectedTokens(request, { ...own, assumedOutputTokens }),
    )
}
