import { deployment } from '../../test/support/settings.ts'
import type { Deployment } from '../core/deployment.ts'
import type { Rates } from '../core/price.ts'
import type { Request } from '../core/request.ts'
import { inputTokenBounds } from './bounds.ts'
import { worstCost } from './worst.ts'

/** One nano-dollar per token of input, a thousand per token of output. */
const RATES: Rates = { input: 1_000_000n, output: 1_000_000_000n }

export function worst(request: Request, draft: Partial<Deployment> = {}, outputCap?: number) {
  const at = deployment({
    id: 'd',
    pool: 'p',
    baseUrl: 'http://127.0.0.1',
    price: { rates: RATES, tiers: [], source: 'test' },
    ...draft,
  })
  const cost = worstCost(at, request, {
    bounds: inputTokenBounds(request),
    ...(outputCap !== undefined && { outputCap }),
  })
  if (cost === undefined) return undefined
  return { output: cost / 1_000n, input: cost % 1_000n, cost }
}

export const priced = (rates: Partial<Rates>) => ({
  price: { rates: { ...RATES, ...rates }, tiers: [], source: 'test' },
})
