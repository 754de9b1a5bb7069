import { createReadStream } from 'node:fs'
import { Command, Option } from 'commander'
import { readProblem } from '../config/read-problem.ts'
import { Failure } from '../core/failure.ts'
import { formatUsd } from '../core/money.ts'
import { formatSummary, type RunSummary, summariseRun, type Totals } from '../telemetry/index.ts'

interface ReportOptions {
  readonly by: 'model' | 'pool'
  readonly run?: string
  readonly json?: boolean
}

const EXAMPLES = `
Examples:
  $ tollgate report calls.jsonl
  $ tollgate report calls.jsonl.1 calls.jsonl --by pool
  $ tollgate report agent-calls.jsonl --run agent-1
  $ tollgate report calls.jsonl --json | jq .total.cost_usd
  $ tail -n 1000 calls.jsonl | tollgate report -
`

/** `tollgate report`: what the calls in files of JSON lines cost, and how they went. */
export function reportCommand(): Command {
  return new Command('report')
    .description('sum up files of JSON lines (tollgate_settings.telemetry.jsonl): calls, tokens, costs and latencies')
    .argument('<files...>', 'JSON lines; - reads standard input')
    .addOption(new Option('--by <group>', 'a row for each').choices(['model', 'pool']).default('model'))
    .option('--run <id>', 'only the calls of this run (run_id)')
    .option('--json', 'print JSON, by model and by pool')
    .addHelpText('after', EXAMPLES)
    .action(report)
}

async function report(files: readonly string[], { by, run, json }: ReportOptions): Promise<void> {
  const summary = await summariseRun(linesOf(files), run === undefined ? {} : { runId: run })
  const text = json ? JSON.stringify(summaryBody(summary), null, 2) : formatSummary(summary, by)
  process.stdout.write(`${text}\n`)
}

/** The lines of all files, one file after the other. @throws Failure for one that cannot be read. */
async function* linesOf(files: readonly string[]): AsyncGenerator<string, void> {
  for (const file of files) {
    try {
      yield* linesIn(file === '-' ? process.stdin.setEncoding('utf8') : createReadStream(file, 'utf8'))
    } catch (error) {
      throw new Failure('invalid_request', `the lines ${file} cannot be read: ${readProblem(error)}`)
    }
  }
}

/** Text in lines; `readline` would not throw what goes wrong with a stream. */
async function* linesIn(pieces: AsyncIterable<string>): AsyncGenerator<string, void> {
  let begun = ''
  for await (const piece of pieces) {
    const lines = (begun + piece).split('\n')
    begun = lines.pop() ?? ''
    yield* lines
  }
  yield begun
}

function summaryBody({ total, byModel, byPool, unreadable }: RunSummary): object {
  const rows = (key: string, groups: RunSummary['byModel']) =>
    [...groups].map(([name, totals]) => ({ [key]: name, ...figures(totals) }))
  return { total: figures(total), models: rows('model', byModel), pools: rows('pool', byPool), unreadable }
}

function figures(totals: Totals): object {
  const { calls, errors, fallbacks, promptTokens, completionTokens, cost, unpriced, latencyUs, maxLatencyUs } = totals
  return {
    calls,
    errors,
    fallbacks,
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    cost_usd: Number(formatUsd(cost)),
    unpriced,
    mean_latency_s: calls === 0 ? null : Math.round(latencyUs / calls) / 1_000_000,
    max_latency_s: calls === 0 ? null : maxLatencyUs / 1_000_000,
  }
}
