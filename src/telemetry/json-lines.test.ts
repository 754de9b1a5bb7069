import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ExitHook, openJsonLines } from './json-lines.ts'
import type { LineFile } from './line-file.ts'
import { type JsonLinesProblem, problemText } from './line-trouble.ts'
import { manualClock } from './scripted-call.ts'

let directory = ''
let path = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tollgate-lines-'))
  path = join(directory, 'logs', 'calls.jsonl')
})

afterEach(() => rmSync(directory, { recursive: true, force: true }))

function read(file: string): unknown[] {
  const text = readFileSync(file, 'utf8')
  expect(text.endsWith('\n')).toBe(true)
  return text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
}

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => ({ n: from + index }))

test('lines are appended in order, after those that were there', async () => {
  for (const from of [0, 3]) {
    const lines = openJsonLines({ path })
    for (const value of numbers(3, from)) lines.write(value)
    await lines.close()
  }
  expect(read(path)).toEqual(numbers(6))
})

test('lines wait for the timer, or until so many have come', async () => {
  const clock = manualClock()
  const disk = fakeFile()
  const lines = openJsonLines({ path, file: disk, clock, flushMs: 50, flushBytes: 40 })
  lines.write({ n: 1 })
  clock.advance(49)
  expect(disk.text()).toBe('')
  clock.advance(1)
  await disk.appended()
  expect(disk.text()).toBe('{"n":1}\n')
  for (const value of numbers(5)) lines.write(value)
  await disk.appended()
  expect(disk.text().split('\n')).toHaveLength(7)
  await lines.close()
})

test('a file that would grow too large is rotated, and no line is lost or torn', async () => {
  const lines = openJsonLines({ path, maxBytes: 2_000, maxFiles: 100, flushBytes: 300 })
  for (const value of numbers(2_000)) lines.write(value)
  await lines.close()
  const files = readdirSync(join(directory, 'logs')).filter(name => name !== 'calls.jsonl')
  expect(files.length).toBeGreaterThan(5)
  for (const name of [...files, 'calls.jsonl'])
    expect(readFileSync(join(directory, 'logs', name)).length).toBeLessThanOrEqual(2_000)
  const oldestFirst = files.sort((a, b) => Number(b.split('.').at(-1)) - Number(a.split('.').at(-1)))
  expect([...oldestFirst, 'calls.jsonl'].flatMap(name => read(join(directory, 'logs', name)))).toEqual(numbers(2_000))
})

test('no more files are kept than asked for', async () => {
  const lines = openJsonLines({ path, maxBytes: 100, maxFiles: 3, flushBytes: 50 })
  for (const value of numbers(200)) lines.write(value)
  await lines.close()
  expect(readdirSync(join(directory, 'logs')).sort()).toEqual(['calls.jsonl', 'calls.jsonl.1', 'calls.jsonl.2'])
  expect(read(path).at(-1)).toEqual({ n: 199 })
})

test('a file that was moved away is opened anew', async () => {
  const lines = openJsonLines({ path })
  lines.write({ n: 1 })
  await lines.flush()
  rmSync(path)
  lines.write({ n: 2 })
  await lines.close()
  expect(read(path)).toEqual([{ n: 2 }])
})

test('half a line that a dead process left does not spoil the next one', async () => {
  const first = openJsonLines({ path })
  await first.close()
  writeFileSync(path, '{"n":1}\n{"n":')
  const lines = openJsonLines({ path })
  lines.write({ n: 2 })
  await lines.close()
  expect(readFileSync(path, 'utf8')).toBe('{"n":1}\n{"n":\n{"n":2}\n')
})

test('a path that cannot be written fails at once and says which', () => {
  writeFileSync(join(directory, 'file'), '')
  expect(() => openJsonLines({ path: join(directory, 'file', 'calls.jsonl') })).toThrow(
    /cannot append to .*calls\.jsonl.*choose a path/,
  )
})

test.runIf(process.platform === 'linux')(
  'a folder that cannot be below /proc is refused, and not tried for ever',
  () => {
    expect(() => openJsonLines({ path: '/proc/tollgate/lines/calls.jsonl' })).toThrow(
      /cannot append to .*choose a path/,
    )
  },
)

test('a full disk loses nothing while the buffer lasts, then drops and counts, then recovers', async () => {
  const clock = manualClock()
  const disk = fakeFile()
  const problems: JsonLinesProblem[] = []
  const lines = openJsonLines({ path, file: disk, clock, maxBufferBytes: 80, onProblem: each => problems.push(each) })
  disk.room = 12
  for (const value of numbers(4)) lines.write(value)
  await lines.flush()
  expect(disk.text()).toBe('{"n":0}\n{"n"')
  for (const value of numbers(20, 4)) lines.write(value)
  expect(lines.stats).toEqual({ written: 0, waiting: 13, dropped: 11 })
  disk.room = Number.POSITIVE_INFINITY
  clock.advance(1_000)
  await lines.flush()
  lines.write({ n: 99 })
  await lines.close()
  expect(disk.text()).toBe(`${[...numbers(13), { n: 99 }].map(value => JSON.stringify(value)).join('\n')}\n`)
  expect(problems.map(problem => problem.type)).toEqual(['failing', 'dropping', 'recovered'])
  expect(problems.at(-1)).toMatchObject({ dropped: 11 })
})

test('what a disk refuses to the end is told, with the reason and the number', async () => {
  const disk = fakeFile()
  const problems: string[] = []
  const onProblem = (problem: JsonLinesProblem) => problems.push(problemText(problem))
  const lines = openJsonLines({ path: 'calls.jsonl', file: disk, clock: manualClock(), onProblem })
  disk.room = 0
  for (const value of numbers(3)) lines.write(value)
  await lines.close()
  expect(problems).toEqual([
    'JSON lines to calls.jsonl: failing: ENOSPC: no space left on device; lines wait and are tried again every second',
    'JSON lines to calls.jsonl: 3 could not be written to the end, and are lost',
  ])
})

test('a slow disk holds up nobody: lines wait, and come in order', async () => {
  const disk = fakeFile()
  const lines = openJsonLines({ path, file: disk, clock: manualClock(), flushBytes: 16 })
  disk.hold()
  for (const value of numbers(50)) lines.write(value)
  expect(lines.stats.written).toBe(0)
  expect(lines.stats.waiting).toBe(50)
  disk.release()
  await lines.close()
  expect(disk.text()).toBe(
    `${numbers(50)
      .map(value => JSON.stringify(value))
      .join('\n')}\n`,
  )
})

test('what waits at the end of the process is written at once, by itself', () => {
  const listeners: (() => void)[] = []
  const exit: ExitHook = { on: (_, listener) => listeners.push(listener), off: () => {} }
  const disk = fakeFile()
  const lines = openJsonLines({ path, file: disk, clock: manualClock(), exit })
  lines.write({ n: 1 })
  for (const listener of listeners) listener()
  expect(disk.text()).toBe('{"n":1}\n')
  expect(lines.stats).toEqual({ written: 1, waiting: 0, dropped: 0 })
})

test('after close nothing hangs on the process, and late lines are counted', async () => {
  const before = process.listenerCount('exit')
  const lines = openJsonLines({ path })
  await Promise.all([lines.close(), lines.close()])
  lines.write({ n: 1 })
  expect(lines.stats.dropped).toBe(1)
  expect(process.listenerCount('exit')).toBe(before)
})

test('what JSON cannot hold is reported and does not throw', async () => {
  const problems: JsonLinesProblem[] = []
  const lines = openJsonLines({ path, onProblem: problem => problems.push(problem) })
  lines.write({ n: 1n })
  lines.write({ n: 2 })
  await lines.close()
  expect(problems.map(problem => problem.type)).toEqual(['unwritable'])
  expect(read(path)).toEqual([{ n: 2 }])
})

interface FakeFile extends LineFile {
  room: number
  text(): string
  hold(): void
  release(): void
  /** Settles after the next append. */
  appended(): Promise<void>
}

/** A disk that is full or slow when told so. */
function fakeFile(): FakeFile {
  const chunks: string[] = []
  let held: Promise<void> | undefined
  let release = () => {}
  let waiting: (() => void)[] = []
  const file: FakeFile = {
    room: Number.POSITIVE_INFINITY,
    text: () => chunks.join(''),
    hold() {
      held = new Promise(resolve => {
        release = resolve
      })
    },
    release: () => release(),
    appended: () => new Promise(resolve => waiting.push(resolve)),
    async append(bytes) {
      await held
      const taken = file.appendSync(bytes)
      for (const done of waiting) setImmediate(done)
      waiting = []
      return taken
    },
    appendSync(bytes) {
      if (file.room === 0) throw new Error('ENOSPC: no space left on device')
      const taken = bytes.subarray(0, file.room)
      file.room -= taken.length
      chunks.push(Buffer.from(taken).toString())
      return taken.length
    },
    refresh: async () => 0,
    rotate() {},
    close() {},
  }
  return file
}
