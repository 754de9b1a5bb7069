import { describe, expect, it } from 'vitest'
import type { ModelLimits } from '../core/deployment.ts'
import { factsOf } from './facts.ts'

const pool = (...limits: ModelLimits[]) =>
  ({ candidates: limits.map(each => ({ deployment: { limits: each } })) }) as unknown as Parameters<typeof factsOf>[0]

describe('factsOf', () => {
  it('knows nothing of a pool that does not exist, or whose deployments declare nothing', () => {
    expect(factsOf(undefined)).toEqual({ window: undefined, sees: undefined })
    expect(factsOf(pool({ supports: {} }))).toEqual({ window: undefined, sees: undefined })
  })

  it('judges by the smallest window and the blindest deployment', () => {
    const facts = factsOf(
      pool({ supports: { vision: true }, maxInputTokens: 8_000 }, { supports: {}, maxInputTokens: 4_000 }),
    )
    expect(facts).toEqual({ window: 4_000, sees: undefined })
    expect(factsOf(pool({ supports: { vision: true } }, { supports: { vision: false } })).sees).toBe(false)
    expect(factsOf(pool({ supports: { vision: true } }, { supports: { vision: true } })).sees).toBe(true)
  })
})
