import { describe, expect, it } from 'vitest'
import type { ComplexityScoring } from '../core/auto-settings.ts'
import type { Request } from '../core/request.ts'
import { complexityClassifier, complexityScorer } from './complexity.ts'

function classify(user: string, settings: ComplexityScoring = {}, system?: string) {
  const messages = [...(system ? [{ role: 'system', content: system }] : []), { role: 'user', content: user }]
  const request: Request = { operation: 'chat', body: { messages }, streamed: false }
  return complexityClassifier(settings)({ text: user, request })
}

describe('complexityClassifier', () => {
  it.each([
    ['SIMPLE', 'Hello, what is the capital of France?'],
    ['SIMPLE', 'hi'],
    ['MEDIUM', 'Write a function in Python that removes duplicates from a list while keeping its order.'],
    ['COMPLEX', 'Implement an API with authentication and caching for our distributed database.'],
    ['REASONING', 'Think step by step and prove that the sum of two odd numbers is even.'],
  ])('finds %s: %s', (tier, text) => {
    expect(classify(text)?.task).toBe(tier)
  })

  it('is not sure of a request without human text', () => {
    expect(classify('')).toBeUndefined()
    expect(classify('<system-reminder>prove step by step</system-reminder>')).toBeUndefined()
  })

  it('does not let the system prompt force REASONING, but counts its code and technical words', () => {
    const text = 'Please have a look at the thing that I sent you yesterday, will you?'
    expect(classify(text, {}, 'Think step by step, prove and justify.')?.task).toBe('SIMPLE')
    expect(classify(text, {}, 'You review python code for a distributed cache protocol.')?.task).toBe('COMPLEX')
  })

  it('strips the reminder markers that are configured', () => {
    const settings = { reminderMarkers: [{ open: '<<<', close: '>>>' }] }
    expect(classify('<<<prove it step by step>>> hi', settings)?.task).toBe('SIMPLE')
  })

  it('lets the highest matching keyword rule win', () => {
    const keywordTierRules = [
      { keywords: ['invoice', 'kubernetes cluster'], tier: 'MEDIUM' },
      { keywords: ['Invoice'], tier: 'COMPLEX' },
    ] as const
    expect(classify('my invoice', { keywordTierRules })?.task).toBe('COMPLEX')
    expect(classify('my Kubernetes cluster', { keywordTierRules })?.task).toBe('MEDIUM')
    expect(classify('my invoices', { keywordTierRules })?.task).toBe('SIMPLE')
  })

  it('shows the label of a tier to people and keeps the name of the tier', () => {
    const found = classify('hi', { tierLabels: { SIMPLE: 'Cheap' } })
    expect(found?.task).toBe('SIMPLE')
    expect(found?.reason).toContain('Cheap')
  })
})

describe('complexityScorer', () => {
  it('adds up the documented weights', () => {
    const score = complexityScorer()
    // Short: -0.10. One code word of two that are a full signal: 0.15. One technical word: 0.125.
    expect(score('docker latency').score).toBeCloseTo(-0.1 + 0.15 + 0.125, 10)
    expect(score('x'.repeat(2_000)).score).toBeCloseTo(0.1, 10)
    expect(score('hi').score).toBeCloseTo(-0.1 - 0.025, 10)
  })

  it('takes boundaries, thresholds and weights from the settings', () => {
    expect(complexityScorer({ tierBoundaries: { simple_medium: -1 } })('hi').tier).toBe('MEDIUM')
    expect(complexityScorer({ tokenThresholds: { simple: 0, complex: 0 } })('hi there you').score).toBeCloseTo(
      0.075,
      10,
    )
    const only = complexityScorer({ dimensionWeights: { multiStepPatterns: 1 } })
    expect(only('First mix it, then bake it.').score).toBe(1)
    expect(only('docker docker docker').score).toBe(0)
  })

  it('replaces and extends the word lists', () => {
    expect(complexityScorer({ codeKeywords: ['frobnicate'] })('frobnicate').signals).toContain('codePresence')
    expect(complexityScorer({ codeKeywords: ['frobnicate'] })('docker').signals).not.toContain('codePresence')
    const extended = complexityScorer({ customTechnicalKeywords: ['fluxgate'] })
    expect(extended('fluxgate').signals).toContain('technicalTerms')
    expect(extended('latency').signals).toContain('technicalTerms')
  })

  it.each(['a', ' ', '0', '$', '"', 'first ', '?', '\n1. '])('takes bounded time for 100 kB of %j', unit => {
    const score = complexityScorer()
    const text = unit.repeat(100_000 / unit.length)
    score(text)
    const start = performance.now()
    score(text)
    expect(performance.now() - start).toBeLessThan(500)
  })
})
