import { Command, InvalidArgumentError } from 'commander'
import type { UpstreamOptions, UpstreamRecord } from '../testing/index.ts'
import {
  FAULT_NAMES,
  type Fault,
  fault,
  namedFault,
  seededRandom,
  startUpstream,
  type Upstream,
} from '../testing/index.ts'
import { listenAdvice, portNumber } from './advice.ts'

interface MockFlags {
  readonly port: number
  readonly host: string
  readonly latencyMs: number
  readonly promptTokens: number
  readonly completionTokens: number
  readonly countTokens?: true
  readonly answer?: string
  readonly chunkDelayMs: number
  readonly fail?: number
  readonly fault?: Fault
  readonly seed: number
  readonly models: readonly string[]
  readonly quiet?: true
}

const EXAMPLES = `
Examples:
  $ tollgate mock                              answer on http://127.0.0.1:4010 after 50 ms
  $ tollgate mock --port 4011 --latency-ms 900 a slow one beside it
  $ tollgate mock --fault 429                  refuse every request, with Retry-After
  $ tollgate mock --fail 0.2 --fault reset     break one connection in five
  $ tollgate mock --chunk-delay-ms 40          stream at the pace of a model

Faults: a status (300 to 599), ${FAULT_NAMES.join(', ')}
`

/** `tollgate mock`: an upstream without keys or cost, to try routing and failures on. Runs until it is interrupted. */
export function mockCommand(): Command {
  const command = new Command('mock')
  command
    .description('answer as OpenAI and Anthropic would, without keys: an upstream to point api_base at')
    .option('--port <number>', 'port to listen on; 0 takes a free one', portNumber, 4010)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--latency-ms <number>', 'time before the first byte of an answer', wholeNumber, 50)
    .option('--prompt-tokens <number>', 'input tokens that every answer reports', wholeNumber, 20)
    .option('--completion-tokens <number>', 'output tokens that every answer reports', wholeNumber, 15)
    .option('--count-tokens', 'report the words of prompt and answer as tokens instead')
    .option('--answer <text>', 'what to say; by default the beginning of the prompt is quoted')
    .option('--chunk-delay-ms <number>', 'time between two pieces of a stream', wholeNumber, 0)
    .option('--fail <rate>', 'share of requests that fail, 0 to 1 (default: 1 with --fault, else 0)', rate)
    .option('--fault <name>', 'how they fail (default: 500)', faultName)
    .option('--seed <number>', 'other seeds choose other requests to fail', wholeNumber, 1)
    .option('--models <names...>', 'what GET /v1/models lists, separated by spaces or commas', ['mock-model'])
    .option('--quiet', 'no line per request')
    .addHelpText('after', EXAMPLES)
    .action((flags: MockFlags) => runMock(command, flags))
  return command
}

async function runMock(command: Command, flags: MockFlags): Promise<void> {
  const print = (line: string): void => command.configureOutput().writeOut?.(`${line}\n`)
  const upstream = await startUpstream(toOptions(flags, print)).catch((error: unknown) =>
    command.error(`error: ${listenAdvice(error, flags)}`, { exitCode: 1 }),
  )
  const failing = flags.fail ?? (flags.fault ? 1 : 0)
  if (failing > 0) upstream.sometimes(failing, flags.fault ?? fault.status(500), seededRandom(flags.seed))
  for (const line of greeting(upstream, flags)) print(line)
  await interruption()
  await upstream.stop()
  print('stopped')
}

function toOptions(flags: MockFlags, print: (line: string) => void): UpstreamOptions {
  const { port, host, latencyMs, chunkDelayMs, promptTokens, completionTokens, answer } = flags
  const [first = 'mock-model', ...others] = modelNames(flags)
  return {
    port,
    host,
    latencyMs,
    chunkDelayMs,
    usage: flags.countTokens ? 'count' : { inputTokens: promptTokens, outputTokens: completionTokens },
    models: [first, ...others],
    remember: 0,
    ...(answer !== undefined && { answer }),
    ...(!flags.quiet && { onClose: record => print(requestLine(record)) }),
  }
}

function greeting(upstream: Upstream, flags: MockFlags): readonly string[] {
  const body = JSON.stringify({ model: modelNames(flags)[0], messages: [{ role: 'user', content: 'What is 2+2?' }] })
  return [
    `mock upstream on ${upstream.baseUrl} (Anthropic clients: ${upstream.url})`,
    `try: curl -s ${upstream.baseUrl}/chat/completions -H 'content-type: application/json' -d '${body}'`,
  ]
}

function modelNames({ models }: MockFlags): readonly string[] {
  return models.flatMap(names => names.split(',')).filter(name => name !== '')
}

/** Such as `11:02:33.120 POST /v1/chat/completions gpt-4o-mini stream 200 20+15 tokens 52 ms`. */
function requestLine(record: UpstreamRecord): string {
  const { arrivedMs, closedMs = arrivedMs, usage } = record
  const parts = [
    new Date(arrivedMs).toISOString().slice(11, 23),
    record.method,
    record.path,
    record.operation === 'models' || record.operation === 'health' ? '' : record.model,
    record.streamed ? 'stream' : '',
    record.status === undefined ? 'no answer' : String(record.status),
    usage ? `${usage.inputTokens}+${usage.outputTokens} tokens` : '',
    `${Math.round(closedMs - arrivedMs)} ms`,
    record.fault ? `fault: ${record.fault.name}` : '',
    record.closed === 'client' ? 'the client left' : '',
  ]
  return parts.filter(part => part !== '').join(' ')
}

/** Resolves on SIGINT or SIGTERM. A second signal ends the process as usual. */
function interruption(): Promise<void> {
  return new Promise(resolve => {
    const stop = (): void => {
      process.off('SIGINT', stop)
      process.off('SIGTERM', stop)
      resolve()
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
  })
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Give a whole number from 0.')
  return Number(text)
}

function rate(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value <= 1)) throw new InvalidArgumentError('Give a number from 0 to 1.')
  return value
}

function faultName(text: string): Fault {
  const found = namedFault(text)
  if (!found) throw new InvalidArgumentError(`Give a status from 300 to 599, or one of ${FAULT_NAMES.join(', ')}.`)
  return found
}
