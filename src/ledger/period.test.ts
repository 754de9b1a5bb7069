import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { firstStart, isPeriod, latestStart, nextReset } from './period.ts'

const at = (text: string) => Date.parse(text)
const iso = (time: number | undefined) => (time === undefined ? undefined : new Date(time).toISOString())

describe('period', () => {
  test.each([
    ['hour', '2026-03-31T22:59:59.999Z', '2026-03-31T23:00:00.000Z'],
    ['day', '2026-12-31T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
    ['week', '2026-03-01T23:00:00.000Z', '2026-03-02T00:00:00.000Z'],
    ['week', '2026-03-02T00:00:00.000Z', '2026-03-09T00:00:00.000Z'],
    ['month', '2028-02-29T12:00:00.000Z', '2028-03-01T00:00:00.000Z'],
    ['30s', '2026-01-01T00:00:05.123Z', '2026-01-01T00:00:35.123Z'],
    ['45m', '2026-01-01T00:00:00.000Z', '2026-01-01T00:45:00.000Z'],
    ['12h', '2026-01-01T00:00:00.000Z', '2026-01-01T12:00:00.000Z'],
    ['30d', '2026-02-01T08:00:00.000Z', '2026-03-03T08:00:00.000Z'],
    ['2w', '2026-02-01T08:00:00.000Z', '2026-02-15T08:00:00.000Z'],
    ['1mo', '2026-01-31T10:00:00.000Z', '2026-02-28T10:00:00.000Z'],
    ['13mo', '2027-01-31T10:00:00.000Z', '2028-02-29T10:00:00.000Z'],
  ])('%s from %s ends at %s', (period, start, end) => {
    expect(iso(nextReset(period, at(start)))).toBe(end)
  })

  test('total never ends', () => {
    expect(nextReset('total', 0)).toBeUndefined()
    expect(latestStart('total', 5, at('2100-01-01'))).toBe(5)
  })

  test.each([
    '',
    '0d',
    '1',
    'd',
    '1y',
    '-1d',
    '1.5h',
    ' 1d',
    '1 d',
    '1D',
    'days',
    '99999999999d',
    '1201mo',
    'toString',
  ])('"%s" is no period, and the error says what is', text => {
    expect(isPeriod(text)).toBe(false)
    expect(() => nextReset(text, 0)).toThrow(/not a budget period: use total, hour/)
  })

  test('a month that begins on the 31st is counted from there, over short months', () => {
    const start = at('2026-01-31T10:00:00.000Z')
    expect(iso(latestStart('1mo', start, at('2026-03-30T00:00:00.000Z')))).toBe('2026-02-28T10:00:00.000Z')
    expect(iso(latestStart('1mo', start, at('2026-03-31T10:00:00.000Z')))).toBe('2026-03-31T10:00:00.000Z')
    expect(iso(latestStart('1mo', start, at('2026-03-31T09:59:59.999Z')))).toBe('2026-02-28T10:00:00.000Z')
  })

  test('the latest window holds the moment, however many were missed', () => {
    const period = fc.constantFrom('hour', 'day', 'week', 'month', '7s', '45m', '12h', '30d', '2w', '1mo', '5mo')
    const time = fc.integer({ min: 0, max: at('2100-01-01') })
    fc.assert(
      fc.property(period, time, fc.integer({ min: 0, max: 20 * 366 * 86_400_000 }), (text, first, later) => {
        const start = firstStart(text, first)
        const now = first + later
        const latest = latestStart(text, start, now)
        expect(start).toBeLessThanOrEqual(first)
        expect(latest).toBeLessThanOrEqual(now)
        // Months end on the last day where they must, so the next one is counted from the first start, not from the latest.
        const end = text.endsWith('mo') ? Number.POSITIVE_INFINITY : (nextReset(text, latest) ?? Number.NaN)
        expect(end).toBeGreaterThan(now)
      }),
    )
  })
})
