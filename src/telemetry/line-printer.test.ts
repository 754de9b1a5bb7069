import { expect, test } from 'vitest'
import type { ExitHook } from './json-lines.ts'
import { linePrinter } from './line-printer.ts'
import { manualClock } from './scripted-call.ts'

function rig(isTTY = false) {
  const clock = manualClock()
  const written: string[] = []
  const listeners = new Set<() => void>()
  const exit: ExitHook = {
    on: (_, listener) => listeners.add(listener),
    off: (_, listener) => listeners.delete(listener),
  }
  const printer = linePrinter({ isTTY, write: text => written.push(text) }, { clock, exit })
  return { clock, written, listeners, ...printer }
}

test('lines are written together, within 100 ms', () => {
  const { clock, written, print } = rig()
  print('one')
  clock.advance(99)
  print('two')
  expect(written).toEqual([])
  clock.advance(1)
  expect(written).toEqual(['one\ntwo\n'])
  clock.advance(100)
  print('three')
  clock.advance(100)
  expect(written).toEqual(['one\ntwo\n', 'three\n'])
})

test('a terminal does not wait', () => {
  const { clock, written, print } = rig(true)
  print('one')
  clock.advance(0)
  expect(written).toEqual(['one\n'])
})

test('many lines do not wait for the timer, and no line is torn', () => {
  const { written, print } = rig()
  const line = 'x'.repeat(40_000)
  for (let count = 0; count < 4; count++) print(line)
  expect(written).toEqual([`${line}\n${line}\n`, `${line}\n${line}\n`])
})

test('what waits at the end of the process is printed, once', () => {
  const { clock, written, listeners, print, close } = rig()
  print('one')
  for (const listener of listeners) listener()
  clock.advance(100)
  close()
  expect(written).toEqual(['one\n'])
})

test('after close nothing hangs on the process, and late lines do not wait', () => {
  const { written, listeners, print, close } = rig()
  print('one')
  close()
  print('two')
  expect(written).toEqual(['one\n', 'two\n'])
  expect(listeners.size).toBe(0)
})

test('beside other processes, each write is taken in one piece', () => {
  const clock = manualClock()
  const written: string[] = []
  const exit: ExitHook = { on: () => {}, off: () => {} }
  const { print, close } = linePrinter({ write: text => written.push(text) }, { clock, exit, shared: true })
  const lines = Array.from({ length: 200 }, (_, index) => `${index} ${'ö'.repeat(index)}`)
  for (const line of [...lines, 'x'.repeat(5000), 'last']) print(line)
  close()
  expect(written.join('')).toBe([...lines, 'x'.repeat(5000), 'last', ''].join('\n'))
  for (const text of written) {
    expect(text.endsWith('\n')).toBe(true)
    expect(Buffer.byteLength(text) <= 4096 || text.startsWith('xxx')).toBe(true)
  }
  expect(written.length).toBeLessThan(20)
})
