import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPeriod, latestStart, nextReset, parsePeriod } from './period.ts'

const at = (text: string): number => Date.parse(text)
/** From 1970 to 2100. */
const moment = fc.integer({ min: 0, max: at('2100-01-01T00:00:00Z') })
const named = fc.constantFrom('hour', 'day', 'week', 'month')
const counted = fc
  .tuple(fc.integer({ min: 1, max: 400 }), fc.constantFrom('s', 'm', 'h', 'd', 'w', 'mo'))
  .map(([count, unit]) => `${count}${unit}`)
const period = fc.oneof(named, counted)

function windowAt(text: string, began: number, now: number) {
  const start = latestStart(text, began, now)
  return { start, resetsAt: nextReset(text, start) }
}

describe('a period', () => {
  it('is a name of the calendar, or a count with a unit', () => {
    for (const text of ['total', 'hour', 'day', 'week', 'month', '30s', '45m', '12h', '30d', '2w', '1mo']) {
      expect(parsePeriod(text)).toBe(text)
      expect(isPeriod(text)).toBe(true)
    }
    expect(parsePeriod(' 030D ')).toBe('30d')
    expect(parsePeriod('Monthly')).toBe('month')
    expect(isPeriod('030d')).toBe(false)
  })

  it('is nothing else', () => {
    for (const text of [
      '',
      '30',
      'd',
      '0d',
      '-1d',
      '1.5h',
      '1y',
      'yearly',
      '1d1h',
      '101w w',
      '36526d',
      '1201mo',
      '__proto__',
    ]) {
      expect(parsePeriod(text)).toBeUndefined()
    }
    expect(() => nextReset('yearly', 0)).toThrow(/"yearly" is not a budget period: use total, hour/)
  })

  it('follows the calendar of UTC when it is named', () => {
    const noon = at('2026-11-19T12:34:56.789Z') // a Thursday
    expect(nextReset('hour', noon)).toBe(at('2026-11-19T13:00Z'))
    expect(nextReset('day', noon)).toBe(at('2026-11-20'))
    expect(nextReset('week', noon)).toBe(at('2026-11-23'))
    expect(nextReset('month', noon)).toBe(at('2026-12-01'))
    expect(nextReset('month', at('2027-12-31T23:59:59.999Z'))).toBe(at('2028-01-01'))
    expect(nextReset('week', at('2026-11-16'))).toBe(at('2026-11-23'))
    expect(nextReset('week', at('2026-11-15T23:59:59.999Z'))).toBe(at('2026-11-16'))
  })

  it('is exact from the start of the window when it is counted', () => {
    const start = at('2026-01-31T10:20:30.400Z')
    expect(nextReset('30d', start)).toBe(start + 30 * 86_400_000)
    expect(nextReset('30s', start)).toBe(start + 30_000)
    expect(nextReset('2w', start)).toBe(start + 14 * 86_400_000)
    expect(nextReset('1mo', start)).toBe(at('2026-02-28T10:20:30.400Z'))
    expect(nextReset('1mo', at('2028-01-31T00:00Z'))).toBe(at('2028-02-29'))
    expect(nextReset('13mo', at('2026-12-15T00:00Z'))).toBe(at('2028-01-15'))
  })

  it('never ends when it is total', () => {
    expect(nextReset('total', 5)).toBeUndefined()
    expect(windowAt('total', 5, 1e15)).toEqual({ start: 5, resetsAt: undefined })
  })
})

describe('windows', () => {
  it('hold the moment that they are asked for, and end after it', () => {
    fc.assert(
      fc.property(period, moment, moment, (text, a, b) => {
        const [start, now] = a < b ? [a, b] : [b, a]
        const window = windowAt(text, start, now)
        expect(window.start).toBeGreaterThanOrEqual(start)
        expect(window.start).toBeLessThanOrEqual(now)
        expect(window.resetsAt).toBeGreaterThan(now)
      }),
    )
  })

  it('do not depend on when somebody looked', () => {
    fc.assert(
      fc.property(period, fc.array(moment, { minLength: 3, maxLength: 6 }), (text, moments) => {
        const [first = 0, ...looks] = [...moments].sort((a, b) => a - b)
        const last = looks.at(-1) ?? first
        let seen = first
        for (const look of looks) seen = windowAt(text, seen, look).start
        expect(seen).toBe(windowAt(text, first, last).start)
      }),
    )
  })

  it('do not go back when the clock does', () => {
    fc.assert(
      fc.property(period, moment, fc.integer({ min: 0, max: 1e12 }), (text, start, back) => {
        expect(windowAt(text, start, start - back).start).toBe(start)
      }),
    )
  })

  it('keep what was spent when a period is changed, until the new one ends', () => {
    const start = at('2026-11-10T08:00Z')
    const now = at('2026-11-19T12:00Z')
    expect(windowAt('month', start, now)).toEqual({ start, resetsAt: at('2026-12-01') })
    expect(windowAt('30d', start, now)).toEqual({ start, resetsAt: at('2026-12-10T08:00Z') })
    expect(windowAt('week', start, now).start).toBe(at('2026-11-16'))
  })
})

describe('a text', () => {
  it('that is read as a period is one in the form it was returned in', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), counted), text => {
        const read = parsePeriod(text)
        if (read === undefined) return
        expect(isPeriod(read)).toBe(true)
        expect(nextReset(read, 0)).toBeTypeOf(read === 'total' ? 'undefined' : 'number')
      }),
    )
  })
})
