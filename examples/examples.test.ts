import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { calculate } from './b-tool-agent/calculator.mjs'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'tollgate-examples-'))

beforeAll(() => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { encoding: 'utf8' })
  expect(status, stderr).toBe(0)
}, 180_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Line {
  readonly run_id: string
  readonly trace_id: string
  readonly pool: string
  readonly model: string
  readonly status: string
  readonly latency_s: number
  readonly cost_usd: number
  readonly cost_nano_usd: number
  readonly prompt_tokens: number | null
  readonly completion_tokens: number | null
  readonly fallback_triggered: boolean
  readonly classification: { readonly task: string; readonly by: string } | null
  readonly attempts: readonly { readonly pool: string; readonly error: string | null }[]
}

/** Nobody's keys, and nobody's collector. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/_API_KEY$|_API_BASE$|_BASE_URL$|^OTEL_|COLOR/.test(name)),
)

function runExample(name: string, ...args: readonly string[]): SpawnSyncReturns<string> {
  const script = join(root, 'examples', name, 'run.mjs')
  const result = spawnSync(process.execPath, [script, ...args], {
    cwd: folder,
    env: { ...env, NO_COLOR: '1' },
    encoding: 'utf8',
    timeout: 60_000,
  })
  expect(result.status, `${result.stdout}\n${result.stderr}`).toBe(0)
  expect(result.stdout).not.toContain('\u001b')
  return result
}

const linesOf = (file: string): Line[] =>
  readFileSync(join(folder, file), 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))

describe('the command line', () => {
  it('ends in peace when its reader has seen enough', () => {
    const command = `"${process.execPath}" "${join(root, 'bin', 'tollgate.js')}" demo | head -1`
    const { stdout, stderr } = spawnSync('sh', ['-c', command], { env, encoding: 'utf8' })
    expect(stdout).toMatch(/^tollgate demo/)
    expect(stderr).toBe('')
  })
})

describe('A: cost and traces', { timeout: 60_000 }, () => {
  it('routes by estimate, traces every call and falls back', () => {
    const { stdout } = runExample('a-cost-tracing')
    expect(stdout.match(/^decision +\S+/gm)).toEqual([
      'decision   openai/gpt-4o-mini:',
      'decision   openai/gpt-4o-mini:',
      'decision   openai/gpt-4o-mini:',
      'decision   anthropic/claude-3-5-haiku-20241022:',
      'decision   openai/gpt-4o-mini:',
      'decision   openai/gpt-4o-mini:',
      'decision   anthropic/claude-3-5-haiku-20241022:',
    ])
    expect(stdout).toContain('but none of fast-model is within 800 ms p50: capable-model')
    expect(stdout).toContain('if it fails capable-model\n')
    expect(stdout).toContain('answer     Mock answer to: "What is 2+2?"')
    expect(stdout.match(/✗ llm\.completion\.error/g)).toHaveLength(3)
    expect(stdout.match(/● llm\.completion /g)).toHaveLength(7)
    expect(stdout).toMatch(/● llm\.route/)
    expect(stdout).toContain('llm.      provider=openai  model=gpt-4o-mini  routing_strategy=cost-aware')
    expect(stdout).toContain('budget.exceeded=true')
    const lines = linesOf('calls.jsonl')
    // 20 tokens in and 15 out at 150 and 600, or 800 and 4,000 nano-dollars.
    expect(lines.map(line => line.cost_nano_usd)).toEqual([12_000, 12_000, 12_000, 76_000, 76_000, 12_000, 76_000])
    expect(lines.map(line => line.attempts.length)).toEqual([1, 1, 1, 1, 4, 1, 1])
    expect(stdout).toContain('7 calls, $0.000276000 together')
    for (const { trace_id } of lines) expect(stdout).toContain(`trace ${trace_id}`)
  })

  it('sends the same spans to an OTLP backend when the exporter alone is changed', async () => {
    const bodies: Buffer[] = []
    const collector = createServer((request, response) => {
      const chunks: Buffer[] = []
      request
        .on('data', chunk => chunks.push(chunk))
        .on('end', () => {
          bodies.push(Buffer.concat(chunks))
          response.end()
        })
    })
    await new Promise<void>(resolve => collector.listen(0, '127.0.0.1', resolve))
    const { port } = collector.address() as AddressInfo
    const original = readFileSync(join(root, 'examples/a-cost-tracing/config.yaml'), 'utf8')
    const config = join(folder, 'otlp.yaml')
    writeFileSync(
      config,
      original.replace('exporter: console', `exporter: otlp\n      endpoint: http://127.0.0.1:${port}`),
    )
    try {
      const { execFile } = await import('node:child_process')
      const { promisify } = await import('node:util')
      const script = join(root, 'examples/a-cost-tracing/run.mjs')
      const { stdout } = await promisify(execFile)(process.execPath, [script, config], { cwd: folder, env })
      expect(stdout).not.toContain('llm.completion')
      const sent = Buffer.concat(bodies).toString('latin1')
      for (const name of ['llm.completion', 'llm.completion.error', 'llm.route', 'llm.cost_usd', 'llm.provider'])
        expect(sent).toContain(name)
    } finally {
      collector.close()
      collector.closeAllConnections()
    }
  })
})

describe('B: a tool-calling agent', { timeout: 60_000 }, () => {
  it('answers in four ways, and loses no line when it fails', () => {
    const { stdout } = runExample('b-tool-agent')
    expect(stdout.match(/A {2}Paris: 18 °C, sunny/g)).toHaveLength(4)
    expect(stdout.match(/A {2}17 \* 43 \+ 100 = 831/g)).toHaveLength(5)
    expect(stdout.match(/A {2}Tokyo: 25 °C, humid\. 512 \/ 8 = 64/g)).toHaveLength(4)
    expect(stdout).toMatch(/✗ {2}400 /)
    const lines = linesOf('agent-calls.jsonl')
    // Two calls a question: 4 ways × 3 questions, the one that was taken over, and the one that failed; one with one key.
    expect(lines).toHaveLength(2 * 12 + 2 + 2 + 1)
    expect(new Set(lines.map(line => line.run_id)).size).toBe(1)
    expect(lines.filter(line => line.status === 'error')).toHaveLength(1)
    expect(lines.at(-2)?.status).toBe('error')
    expect(lines.at(-1)?.model).toBe('mistral-small-latest')
    expect(stdout).toMatch(/left out: .*OPENAI_API_KEY/)
    expect(stdout).toMatch(/✗ .*OPENAI_API_KEY.*MISTRAL_API_KEY/)
    expect(lines.filter(line => line.attempts.length > 1)).toHaveLength(1)
    for (const line of lines.filter(line => line.status === 'ok')) {
      expect(['gpt-4o-mini', 'mistral-small-latest']).toContain(line.model)
      expect(line.prompt_tokens).toBeGreaterThan(0)
      expect(line.completion_tokens).toBeGreaterThan(0)
      expect(line.latency_s).toBeGreaterThan(0.04)
      expect(line.cost_nano_usd).toBe((line.prompt_tokens ?? 0) * 150 + (line.completion_tokens ?? 0) * 600)
    }
    expect(stdout).toMatch(/^total +29 +1 /m)
  })

  it.each([
    ['17 * 43 + 100', 831],
    ['512 / 8', 64],
    ['-(2 + 3) * 4 - 1.5', -21.5],
    ['8 / 2 / 2', 2],
    ['2 - 3 - 4', -5],
  ])('calculates %s', (expression, value) => {
    expect(calculate(expression)).toBe(value)
  })

  it.each(['process.exit()', '1 +', '(1', '1 2', '1 / 0', '', '2 ** 3', 'constructor'])('refuses %j', expression => {
    expect(() => calculate(expression)).toThrow('cannot calculate')
  })
})

describe('C: pools', { timeout: 60_000 }, () => {
  it('classifies, chooses per pool, falls back, rests and reports', () => {
    const { stdout } = runExample('c-pools')
    const lines = linesOf('pool-calls.jsonl')
    const classified = lines.slice(0, 15).map(line => `${line.classification?.task} ${line.classification?.by}`)
    const tasks = (task: string, rules: number, llm: number) => [
      ...Array<string>(rules).fill(`${task} rules`),
      ...Array<string>(llm).fill(`${task} llm`),
    ]
    expect(classified).toEqual([
      ...tasks('math', 3, 1),
      ...tasks('code', 3, 1),
      ...tasks('creative', 3, 0),
      ...tasks('default', 2, 2),
    ])
    expect(lines.filter(line => line.pool === 'fast').map(line => line.model)).toEqual(Array(4).fill('gpt-4o-mini'))
    expect(lines.filter(line => line.pool === 'capable').map(line => line.model)).toEqual([
      'gpt-4o',
      'gpt-4o',
      'gpt-4.1',
    ])
    expect(stdout).toMatch(/openai\/gpt-4o: resting \d+ s more, after rate_limited/)
    const escalated = lines.filter(line => line.fallback_triggered)
    expect(escalated.map(line => [line.attempts[0]?.pool, line.attempts.at(-1)?.pool])).toEqual([
      ['code', 'capable'],
      ['capable', 'capable'],
      ['creative', 'fast'],
      ['capable', 'large-window'],
    ])
    expect(lines.at(-1)).toMatchObject({ pool: 'creative', status: 'error' })
    expect(stdout).toMatch(/✓ auto → claude-sonnet-4-6 .* after a fallback$/m)
    expect(stdout).toMatch(/✗ creative → claude-sonnet-4-6 .* upstream_error$/m)
    const total = lines.reduce((sum, line) => sum + line.cost_usd, 0)
    expect(stdout).toContain(`$${total.toFixed(6)}`)
    expect(stdout).toMatch(/^code +6 +23\.1 % +0 +33\.3 %/m)
  })
})
