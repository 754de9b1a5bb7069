import type { Estimate, ModelLimits } from '../core/deployment.ts'
import type { RateCard } from '../core/price.ts'
import type { Request } from '../core/request.ts'
import { generatedAnswers, type InputTokenBounds, inputTokenBounds, requestedOutputTokens } from './bounds.ts'
import { costOf } from './cost.ts'

export interface EstimateOptions {
  /** Output tokens of one answer where the request does not ask for fewer. Default 256. */
  readonly assumedOutputTokens?: number
  /** Default: `inputTokenBounds`. */
  readonly boundsOf?: (request: Request) => InputTokenBounds
}

/** The tokens that a request is expected to use, at whatever deployment. */
export interface ExpectedTokens {
  readonly inputTokens: number
  /** Over all answers. */
  readonly outputTokens: number
  readonly answers: number
}

/**
 * What a request would cost at a deployment: its likely input, and the assumed output unless the request or the model
 * allows less. For choosing between deployments; for several of them, take `expectedTokens` once and `priceExpected` each.
 */
export function estimate(
  card: RateCard | undefined,
  limits: Pick<ModelLimits, 'maxOutputTokens'>,
  request: Request,
  options: EstimateOptions = {},
): Estimate {
  return priceExpected(card, limits, expectedTokens(request, options))
}

/** The part of an estimate that does not depend on the deployment. */
export function expectedTokens(request: Request, options: EstimateOptions = {}): ExpectedTokens {
  const { boundsOf = inputTokenBounds } = options
  const answers = generatedAnswers(request)
  return { inputTokens: boundsOf(request).likely, outputTokens: expectedOutputTokens(request, options), answers }
}

/** The output tokens of that, over all answers: for these the prompt is not looked at. */
export function expectedOutputTokens(
  request: Request,
  { assumedOutputTokens = 256 }: Pick<EstimateOptions, 'assumedOutputTokens'> = {},
): number {
  const assumed = assumedOutputTokens * generatedAnswers(request)
  return Math.min(assumed, requestedOutputTokens(request) ?? assumed)
}

/** The part of an estimate that does. */
export function priceExpected(
  card: RateCard | undefined,
  limits: Pick<ModelLimits, 'maxOutputTokens'>,
  expected: ExpectedTokens,
): Estimate {
  const { inputTokens, answers } = expected
  const outputTokens = Math.min(expected.outputTokens, (limits.maxOutputTokens ?? Number.POSITIVE_INFINITY) * answers)
  return { inputTokens, outputTokens, cost: card && costOf(card, { inputTokens, outputTokens }) }
}
