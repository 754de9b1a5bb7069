import { describe, expect, it } from 'vitest'
import { OutputPace } from './output-pace.ts'

describe('the pace at which a deployment writes', () => {
  it('is the usual one before the first answer', () => {
    expect(new OutputPace(0.05).tokensIn(10_000)).toBe(500)
    expect(new OutputPace(0).tokensIn(10_000)).toBe(0)
  })

  it('is that of the answers seen, by their lengths', () => {
    const pace = new OutputPace(0.05)
    pace.add(1_000, 10_000)
    expect(pace.tokensIn(5_000)).toBe(500)
    // Five tokens whose time was that of their beginning say little of the pace.
    pace.add(5, 500)
    expect(pace.tokensIn(5_000)).toBeGreaterThan(450)
  })

  it('follows a deployment that becomes slower', () => {
    const pace = new OutputPace(0.05)
    for (let answer = 0; answer < 100; answer++) pace.add(1_000, 10_000)
    for (let answer = 0; answer < 100; answer++) pace.add(100, 10_000)
    expect(pace.tokensIn(10_000)).toBeLessThan(120)
  })

  it('is bounded, and no time writes nothing', () => {
    const pace = new OutputPace(0.05)
    pace.add(1_000, 0.1)
    expect(pace.tokensIn(1_000)).toBe(3_000)
    expect(pace.tokensIn(-1)).toBe(0)
  })
})
