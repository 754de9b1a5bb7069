import { describe, expect, it } from 'vitest'
import { chat } from '../../test/support/calls.ts'
import type { Deployment } from '../core/deployment.ts'
import { inputTokenBounds } from './bounds.ts'
import { priced, worst } from './worst.fixture.ts'

describe('the worst price of what a host bills without being asked for it', () => {
  it('takes what the client allows for thoughts on top of a limit that it does not say', () => {
    const request = (more: object) => chat({ thinking: { type: 'enabled', budget_tokens: 10_000 }, ...more })
    const model = { limits: { maxOutputTokens: 12_000, supports: {} } }
    expect(worst(request({}))?.output).toBe(14_096n)
    expect(worst(request({}), model, 100)?.output).toBe(10_100n)
    expect(worst(request({}), model)?.output).toBe(12_000n)
    expect(worst(request({ max_tokens: 11_000 }))?.output).toBe(11_000n)
    for (const thinking of [{ type: 'adaptive' }, { type: 'disabled', budget_tokens: 9 }, { type: 'enabled' }, null])
      expect(worst(chat({ thinking }))?.output).toBe(4_096n)
  })

  it('takes the price of cache writes where the host writes by itself', () => {
    const request = chat({ max_tokens: 1 })
    const high = BigInt(inputTokenBounds(request).high)
    expect(worst(request, { ...priced({ cacheWrite: 2_000_000n, output: 0n }), model: 'gpt-5.6-sol' })?.cost).toBe(
      high * 2n,
    )
  })

  it('counts as output what of a prediction may not come to pass', () => {
    const content = 'x'.repeat(5_000)
    for (const prediction of [
      { type: 'content', content },
      { type: 'content', content: [{ type: 'text', text: content }] },
    ]) {
      const plain = { messages: [{ role: 'user', content: 'a' }], max_tokens: 10 }
      const output = worst(chat({ ...plain, prediction }))?.output ?? 0n
      expect(output).toBeGreaterThanOrEqual(5_010n)
      expect(output).toBeLessThan(5_050n)
      const bytes = chat(JSON.stringify({ model: 'm', ...plain, prediction }))
      expect(worst(bytes)?.output).toBe(output)
    }
    expect(worst(chat({ max_tokens: 10, prediction: null }))?.output).toBe(10n)
  })

  it('counts all twice where the host shortens the conversation first', () => {
    const passes = (asked: object, draft: Partial<Deployment> = {}) => {
      const request = chat({ max_tokens: 10, ...asked })
      const high = inputTokenBounds(request).high + (draft.defaults ? JSON.stringify(draft.defaults).length : 0)
      return Number(worst(request, draft)?.cost) / (high + 10_000)
    }
    expect(passes({ context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] } })).toBe(1)
    expect(passes({ context_management: { edits: [{ type: 'compact_20260112' }] } })).toBe(2)
    expect(passes({ compaction: {} })).toBe(2)
    expect(passes({}, { defaults: { compaction: {} } })).toBe(2)
  })
})
