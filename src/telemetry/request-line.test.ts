import { stripVTControlCharacters } from 'node:util'
import { beforeEach, expect, test, vi } from 'vitest'
import type { End } from '../core/answer.ts'
import { Failure } from '../core/failure.ts'
import { COLOURS, coloursFor, NO_COLOURS } from './colours.ts'
import { printCalls, RequestLines, readableMs } from './request-line.ts'
import * as scripted from './scripted-call.ts'

const usage = { inputTokens: 20, outputTokens: 15 }
const silent = () => {}

beforeEach(() => {
  vi.stubEnv('TZ', 'UTC')
  return () => vi.unstubAllEnvs()
})

function answered(clock: scripted.ManualClock, changes: scripted.CallChanges = {}) {
  const call = scripted.call(clock, silent, changes)
  const attempt = scripted.begin(call, clock, scripted.decision(scripted.deployment()))
  clock.advance(50)
  attempt.attempt.firstAt = clock.monotonic()
  clock.advance(2)
  scripted.finish(attempt, clock, { outcome: 'complete', usage }, { usage, cost: 12_000n })
  return call
}

test('an answered call', () => {
  const clock = scripted.manualClock()
  const line = new RequestLines().of(answered(clock), { outcome: 'complete' }, clock.monotonic())
  expect(line).toBe(
    '12:00:00  ✓     52 ms                $0.000012      20+15 tok  ' +
      'fast-model → openai/gpt-4o-mini  openai/gpt-4o-mini is the fastest',
  )
})

test('a stream tells when its first content came, and a classified call its task', () => {
  const clock = scripted.manualClock()
  const call = answered(clock, { pool: 'auto', body: { stream: true } })
  call.record.classification = { task: 'math', by: 'rules', reason: 'calculate' }
  const line = new RequestLines().of(call, { outcome: 'complete' }, clock.monotonic())
  expect(line).toContain('auto (math) → openai/gpt-4o-mini')
  expect(line).toContain('   52 ms      ↦ 50 ms  ')
})

test('what failed before is on the line', () => {
  const clock = scripted.manualClock()
  const call = scripted.call(clock, silent)
  const failure = new Failure('rate_limited', 'slow down')
  const first = scripted.begin(call, clock, scripted.decision(scripted.deployment()))
  scripted.finish(first, clock, { outcome: 'failed', failure })
  const second = scripted.begin(call, clock, scripted.decision(scripted.HAIKU))
  scripted.finish(second, clock, { outcome: 'complete', usage }, { usage, cost: 76_000n })
  const line = new RequestLines().of(call, { outcome: 'complete' }, clock.monotonic())
  expect(line).toContain('fast-model → anthropic/claude-3-5-haiku-20241022')
  expect(line).toContain('≥$0.000076')
  expect(line).toContain('after openai/gpt-4o-mini rate_limited · anthropic/claude')
})

test('a failed call says why, on one line, without painting the terminal', () => {
  const clock = scripted.manualClock()
  const failure = new Failure('unavailable', 'nobody is left\n\x1b[31mat all')
  const line = new RequestLines().of(scripted.call(clock, silent), { outcome: 'failed', failure }, clock.monotonic())
  expect(line).toMatch(/^12:00:00 {2}✗ {6}0 ms .* fast-model → nobody {2}unavailable/)
  expect(line).toContain('unavailable: nobody is left [31mat all')
  expect(line).not.toContain('\n')
  expect(line).not.toContain('\u001b')
})

test('an unpriced answer is not shown as free, and an estimate as such', () => {
  const clock = scripted.manualClock()
  const call = scripted.call(clock, silent)
  const attempt = scripted.begin(call, clock, scripted.decision(scripted.HAIKU))
  scripted.finish(attempt, clock, { outcome: 'complete' }, { usage: { ...usage, estimated: true } })
  const line = new RequestLines().of(call, { outcome: 'complete' }, clock.monotonic())
  expect(line).toContain('  unpriced     ~20+15 tok  ')
})

test('columns stand under each other with and without colours', () => {
  const clock = scripted.manualClock()
  const call = answered(clock)
  const end: End = { outcome: 'complete' }
  const painted = new RequestLines({ colours: COLOURS }).of(call, end, clock.monotonic())
  const plain = new RequestLines().of(call, end, clock.monotonic())
  expect(painted).not.toBe(plain)
  expect(stripVTControlCharacters(painted)).toBe(plain)
})

test('lines after the first tell their own second, pool and task', () => {
  const clock = scripted.manualClock()
  const lines = new RequestLines()
  const pools = ['fast-model', 'fast-model', 'other', 'auto']
  const printed = pools.map(pool => {
    const call = answered(clock, { pool })
    if (pool === 'auto') call.record.classification = { task: 'math', by: 'rules', reason: 'calculate' }
    clock.advance(1_000)
    return lines.of(call, { outcome: 'complete' }, clock.monotonic())
  })
  expect(printed.map(line => line.slice(0, 8))).toEqual(['12:00:00', '12:00:01', '12:00:02', '12:00:03'])
  expect(printed.map(line => line.split(' → ')[0]?.split('tok  ')[1])).toEqual([...pools.slice(0, 3), 'auto (math)'])
})

test('one line is printed per call', () => {
  const clock = scripted.manualClock()
  const printed: string[] = []
  const listener = printCalls({ print: line => printed.push(line), clock })
  const call = answered(clock)
  listener({ type: 'call-start', call })
  listener({ type: 'call-end', call: { ...call, purpose: 'mirror' }, end: { outcome: 'complete' } })
  listener({ type: 'call-end', call, end: { outcome: 'complete' } })
  expect(printed).toHaveLength(1)
})

test.each([
  [0.4, '0 ms'],
  [999.4, '999 ms'],
  [999.6, '1.00 s'],
  [1_352, '1.35 s'],
  [59_994, '59.99 s'],
  [59_996, '1 min 0 s'],
  [125_000, '2 min 5 s'],
])('%s ms read as %s', (ms, text) => {
  expect(readableMs(ms)).toBe(text)
})

test.each([
  [true, {}, COLOURS],
  [false, {}, NO_COLOURS],
  [true, { NO_COLOR: '1' }, NO_COLOURS],
  [true, { NO_COLOR: '' }, COLOURS],
  [false, { FORCE_COLOR: '1' }, COLOURS],
  [true, { FORCE_COLOR: '0' }, NO_COLOURS],
  [true, { FORCE_COLOR: '1', NO_COLOR: '1' }, NO_COLOURS],
  [true, { TERM: 'dumb' }, NO_COLOURS],
])('terminal %s with %o', (isTTY, env, colours) => {
  expect(coloursFor({ isTTY }, env)).toBe(colours)
})
