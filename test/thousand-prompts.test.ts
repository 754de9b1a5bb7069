import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CallLine } from '../src/telemetry/index.ts'
import type { Upstream, UpstreamRequest } from '../src/testing/index.ts'
import { crowd } from './support/crowd.ts'
import { corpus, readJsonLines } from './support/data.ts'
import { billed, billOf, costOf, nano, type OracleRates } from './support/oracle.ts'
import { chat, post, type RawAnswer } from './support/raw.ts'
import { type Served, Stage } from './support/stage.ts'
import { modelList } from './support/yaml.ts'

interface Row {
  readonly text: string
  readonly label: string
}

const bench = corpus('task/bench.jsonl')
/** Every fifth row, so that all labels occur. */
const rows = bench
  ? readJsonLines<Row>(bench)
      .filter((_, index) => index % 5 === 0)
      .slice(0, 1000)
  : []

/** Nano-dollars per million tokens: fractions of a nano-dollar per token, so that rounding shows. */
const RATES: Readonly<Record<string, OracleRates>> = {
  'math-model': { input: 2_500_000_000n, output: 10_000_000_000n, cacheRead: 1_250_000_000n },
  'code-model': { input: 3_000_000_000n, output: 15_000_000_000n, cacheRead: 300_000_000n },
  'creative-model': { input: 800_000_000n, output: 4_000_000_000n },
  'default-model': { input: 37_500_000n, output: 150_000_000n },
  'judge-model': { input: 33_333_333n, output: 66_666_667n },
}
const POOLS = ['math', 'code', 'creative', 'default', 'judge'] as const

const SETTINGS = `router_settings: {num_retries: 1, retry_after: 0}
tollgate_settings:
  routing:
    auto:
      auto:
        pools: {math: math, code: code, creative: creative, default: default}
        classifier_pool: judge
`

const stage = new Stage()
afterAll(() => stage.clear())

/** Answers of the classifier: all tasks, and one that is none. */
function judge({ model, number }: UpstreamRequest): string {
  if (model !== 'judge-model') return `An answer of ${number % 17} words${' and more'.repeat(number % 17)}.`
  return ['math', 'Code.', '"creative"', 'default', 'I cannot tell'][number % 5] ?? ''
}

function usage({ bytes, number }: UpstreamRequest, text: string) {
  const inputTokens = Math.ceil(bytes.length / 4)
  const cacheReadTokens = number % 3 === 0 ? Math.floor(inputTokens / 2) : 0
  return { inputTokens, outputTokens: 1 + Math.ceil(text.length / 5), ...(cacheReadTokens > 0 && { cacheReadTokens }) }
}

function perToken(nanoPerMillion: bigint): string {
  return `0.${nanoPerMillion.toString().padStart(15, '0')}`
}

function yamlFor(upstream: Upstream): string {
  const entries = POOLS.map(pool => {
    const rates = RATES[`${pool}-model`] ?? { input: 0n, output: 0n }
    return {
      pool,
      baseUrl: upstream.baseUrl,
      model: `openai/${pool}-model`,
      input: perToken(rates.input),
      output: perToken(rates.output),
      ...(rates.cacheRead !== undefined && { params: { cache_read_input_token_cost: perToken(rates.cacheRead) } }),
    }
  })
  return modelList(...entries) + SETTINGS
}

const ratesOf = (model: string): OracleRates => RATES[model] ?? { input: 0n, output: 0n }

describe.skipIf(rows.length === 0)('a thousand real prompts through auto', () => {
  let upstream: Upstream
  let served: Served
  let answers: RawAnswer[]
  let lines: readonly CallLine[]

  beforeAll(async () => {
    upstream = await stage.upstream({ answer: judge, usage })
    served = await stage.gateway(yamlFor(upstream))
    answers = await crowd(rows, 20, ({ text }, index) =>
      post(`${served.baseUrl}/chat/completions`, chat('auto', text, { stream: index % 3 === 0 })),
    )
    await served.watch.ended(rows.length)
    lines = await served.lines()
  }, 180_000)

  it('are a thousand, with all labels', () => {
    expect(rows).toHaveLength(1000)
    expect(new Set(rows.map(row => row.label))).toEqual(new Set(['math', 'code', 'default']))
  })

  it('are all answered, streams to their end', () => {
    expect(new Set(answers.map(answer => answer.status))).toEqual(new Set([200]))
    for (const [index, { text }] of answers.entries()) {
      if (index % 3 === 0) expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
      else expect(JSON.parse(text).choices[0].message.content).toContain('An answer of')
    }
  })

  it('have one line each, with the task and who named it', () => {
    expect(lines.map(line => line.call_id).toSorted()).toEqual(
      answers.map(({ headers }) => headers['x-request-id']).toSorted(),
    )
    for (const { pool, status, classification } of lines) {
      expect({ pool, status }).toEqual({ pool: 'auto', status: 'ok' })
      expect(classification).toMatchObject({ task: expect.stringMatching(/^(math|code|creative|default)$/) })
    }
    const asked = upstream.log.filter(record => record.model === 'judge-model').length
    expect(lines.filter(line => line.attempts[0]?.purpose === 'classify')).toHaveLength(asked)
    expect(asked).toBeGreaterThan(50)
  })

  it('I1: cost what the upstream counted, attempt by attempt and in sum, to the nano-dollar', () => {
    const attempts = new Map(lines.flatMap(line => line.attempts.map(attempt => [attempt.id, attempt] as const)))
    expect(attempts.size).toBe(upstream.log.length)
    for (const { attemptId, counted, model } of upstream.log) {
      const attempt = attempts.get(attemptId ?? '')
      expect(attempt?.estimated).toBe(false)
      expect(nano(attempt?.cost_usd ?? null)).toBe(counted ? billed(ratesOf(model), counted) : 0n)
    }
    expect(costOf(lines)).toBe(billOf(upstream.log, ratesOf))
    expect(costOf(lines)).toBeGreaterThan(0n)
  })

  it('tell their cost in the header where it is known in time', () => {
    const byId = new Map(lines.map(line => [line.call_id, line]))
    for (const { headers } of answers) {
      const told = headers['x-tollgate-cost-usd']
      if (told === undefined) continue
      const line = byId.get(String(headers['x-request-id']))
      expect(BigInt(String(told).replace('.', ''))).toBe(BigInt(line?.cost_nano_usd ?? -1))
    }
    expect(answers.filter(({ headers }) => headers['x-tollgate-cost-usd'] !== undefined).length).toBeGreaterThan(600)
  })
})
