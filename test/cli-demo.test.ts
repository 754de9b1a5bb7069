import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { demoCommand } from '../src/cli/demo.ts'

let output: string

beforeEach(() => {
  output = ''
  vi.stubEnv('NO_COLOR', '1')
  vi.spyOn(process.stdout, 'write').mockImplementation(text => {
    output += String(text)
    return true
  })
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

const demo = (...options: string[]) => demoCommand().parseAsync(options, { from: 'user' })

interface Report {
  readonly calls: readonly {
    readonly pool: string
    readonly prompt_tokens: number
    readonly completion_tokens: number
    readonly estimate: { readonly input_tokens: number; readonly cost_usd: number }
    readonly cost_usd: number
    readonly latency_ms: number
    readonly trace_id: string
  }[]
  readonly total: { readonly calls: number; readonly cost_usd: number; readonly all_capable_cost_usd: number }
}

/** Nano-dollars per token. */
const PRICES: Record<string, readonly [number, number]> = { 'fast-model': [150, 600], 'capable-model': [800, 4000] }
const nano = (usd: number) => Math.round(usd * 1e9)

describe('tollgate demo', () => {
  it('shows each prompt with decision, answer, exact cost and spans, and the totals', async () => {
    await demo()
    expect(output).not.toContain('\u001b')
    expect(output).toContain('openai/gpt-4o-mini (estimated at $0.00015465, within $0.0002: fast-model)')
    expect(output).toMatch(
      /anthropic\/claude-3-5-haiku-20241022 \(estimated at \$[\d.]+, above \$0\.0002: capable-model\)/,
    )
    expect(output).toContain('answer    2 + 2 = 4.')
    expect(output).toContain('cost      $0.000002850 for 7 + 3 tokens')
    expect(output.match(/^ +trace [0-9a-f]{32}$/gm)).toHaveLength(3)
    expect(output.match(/● llm\.completion /g)).toHaveLength(3)
    expect(output.match(/● llm\.route /g)).toHaveLength(3)
    expect(output).toContain('routing_strategy=cost-aware')
    expect(output).toMatch(/total {2}3 calls/)
  })

  it('tells the same as JSON, with costs that follow from tokens and prices', async () => {
    await demo('--json')
    const { calls, total } = JSON.parse(output) as Report
    expect(calls.map(call => call.pool)).toEqual(['fast-model', 'fast-model', 'capable-model'])
    for (const call of calls) {
      const [input, output] = PRICES[call.pool] ?? [0, 0]
      expect(nano(call.cost_usd)).toBe(call.prompt_tokens * input + call.completion_tokens * output)
      expect(nano(call.estimate.cost_usd)).toBe(call.estimate.input_tokens * 150 + 256 * 600)
      expect(call.latency_ms).toBeGreaterThanOrEqual(49)
    }
    expect(new Set(calls.map(call => call.trace_id)).size).toBe(3)
    expect(calls[2]?.prompt_tokens).toBeGreaterThan(800)
    expect(nano(total.cost_usd)).toBe(calls.reduce((sum, call) => sum + nano(call.cost_usd), 0))
    expect(total.all_capable_cost_usd).toBeGreaterThan(total.cost_usd)
  })
})
