import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { retryAfterMs } from './retry-after.ts'

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0)

describe('how long an upstream asks to be left alone', () => {
  it.each<[Record<string, string | string[]>, number | undefined]>([
    [{ 'retry-after': '2' }, 2000],
    [{ 'retry-after': ' 1.5 ' }, 1500],
    [{ 'retry-after': ['3', '4'] }, 3000],
    [{ 'retry-after-ms': '250' }, 250],
    [{ 'retry-after-ms': '250', 'retry-after': '9' }, 250],
    [{ 'retry-after-ms': 'soon', 'retry-after': '9' }, 9000],
    [{ 'retry-after': 'Thu, 01 Jan 2026 12:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Thu, 01 Jan 2026 11:59:30 GMT' }, undefined],
    [{ 'retry-after': '1000000000' }, 300_000],
    [{ 'retry-after': '9'.repeat(400) }, undefined],
    [{ 'retry-after': 'Fri, 01 Jan 2027 12:00:00 GMT' }, 300_000],
    [{ 'retry-after': '0' }, undefined],
    [{ 'retry-after': '-5' }, undefined],
    [{ 'retry-after': '' }, undefined],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '2026-01-01' }, undefined],
    [{ 'retry-after-ms': '' }, undefined],
    [{}, undefined],
  ])('%j is %s ms', (headers, ms) => expect(retryAfterMs(headers, () => NOW)).toBe(ms))

  it('is nothing, or above 0 and at most five minutes, whatever stands there', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (seconds, ms) => {
        const wait = retryAfterMs({ 'retry-after': seconds, 'retry-after-ms': ms }, () => NOW)
        expect(wait === undefined || (wait > 0 && wait <= 300_000)).toBe(true)
      }),
    )
  })
})
