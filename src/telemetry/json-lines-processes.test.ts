import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, expect, test } from 'vitest'

/** What happens to lines when processes end and when several of them share a file: real ones, running the real writer. */

let directory = ''

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tollgate-processes-'))
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}')
  const sources = [
    'telemetry/json-lines',
    'telemetry/line-buffer',
    'telemetry/line-file',
    'telemetry/line-trouble',
    'core/clock',
    'core/failure',
    'core/make-folder',
    'core/message-of',
  ]
  for (const source of sources) emitJavaScript(source)
})

afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** Node 20 runs no TypeScript. */
function emitJavaScript(source: string): void {
  const text = readFileSync(new URL(`../${source}.ts`, import.meta.url), 'utf8')
  const compilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
    rewriteRelativeImportExtensions: true,
  }
  const { outputText } = ts.transpileModule(text, { compilerOptions, fileName: `${source}.ts` })
  const target = join(directory, `${source}.js`)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, outputText)
}

const RANGE = `const write = (who, from, count) => {
  for (let n = from; n < from + count; n++) lines.write({ who, n, text: 'ä'.repeat(n % 50) })
}
`

function start(name: string, options: object, body: string): ChildProcess {
  const file = join(directory, `${name}-${Math.random()}.js`)
  const script = `import { openJsonLines } from './telemetry/json-lines.js'
const lines = openJsonLines(${JSON.stringify({ path: pathOf(name), ...options })})
${RANGE}${body}`
  writeFileSync(file, script)
  return spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'ignore'] })
}

const pathOf = (name: string) => join(directory, name, 'calls.jsonl')

/** Gives the exit code and what the process said. */
async function end(child: ChildProcess): Promise<{ code: number | null; said: string }> {
  let said = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  await once(child, 'close')
  return { code: child.exitCode, said }
}

/** All lines of all files, each of which must parse. */
function linesOf(name: string): { who: string; n: number }[] {
  const folder = dirname(pathOf(name))
  return readdirSync(folder).flatMap(file =>
    readFileSync(join(folder, file), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line)),
  )
}

const inOrder = (lines: { n: number }[]) => lines.map(line => line.n).sort((a, b) => a - b)
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)

test('a process that is told to stop while it writes loses no line', async () => {
  const child = start(
    'sigterm',
    { maxBytes: 200_000, maxFiles: 10_000 },
    `let n = 0
let stopped = false
const more = () => {
  if (stopped) return
  write('a', n, 20)
  n += 20
  if (n === 10_000) process.stdout.write('ready ')
  setImmediate(more)
}
process.on('SIGTERM', async () => {
  stopped = true
  await lines.close()
  process.stdout.write(String(n), () => process.exit(0))
})
more()`,
  )
  const ended = end(child)
  child.stdout?.once('data', () => child.kill('SIGTERM'))
  const { code, said } = await ended
  const count = Number(said.split(' ').at(-1))
  expect(code).toBe(0)
  expect(count).toBeGreaterThanOrEqual(10_000)
  expect(inOrder(linesOf('sigterm'))).toEqual(upTo(count))
})

test('process.exit in the middle of a write loses no line', async () => {
  const { code } = await end(
    start(
      'exit',
      {},
      `write('a', 0, 50_000)\nvoid lines.flush()\nwrite('a', 50_000, 10)\nsetImmediate(() => process.exit(3))`,
    ),
  )
  expect(code).toBe(3)
  expect(inOrder(linesOf('exit'))).toEqual(upTo(50_010))
})

test('an error that nobody catches loses no line', async () => {
  const body = `process.on('uncaughtExceptionMonitor', () => {})\nwrite('a', 0, 1_000)\nprocess.exitCode = 5\nthrow undefined`
  const child = start('throw', {}, body)
  const { code } = await end(child)
  expect(code).not.toBe(0)
  expect(inOrder(linesOf('throw'))).toEqual(upTo(1_000))
})

test('three processes share a file that is rotated under load: every line is there once, and whole', async () => {
  const options = { maxBytes: 100_000, maxFiles: 10_000, flushBytes: 4_096 }
  const body = (who: string) => `let n = 0
const more = () => {
  if (n === 10_000) return void lines.close()
  write('${who}', n, 100)
  n += 100
  setImmediate(more)
}
more()`
  const children = ['a', 'b', 'c'].map(who => start('shared', options, body(who)))
  for (const { code } of await Promise.all(children.map(end))) expect(code).toBe(0)
  const lines = linesOf('shared')
  for (const who of ['a', 'b', 'c']) expect(inOrder(lines.filter(line => line.who === who))).toEqual(upTo(10_000))
  expect(readdirSync(dirname(pathOf('shared'))).length).toBeGreaterThan(1)
})
