import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { assemble } from '../assemble.ts'
import { defaultConfig } from '../config/default-config.ts'
import { loadConfig } from '../config/load-config.ts'
import { readProblem } from '../config/read-problem.ts'
import { Failure } from '../core/failure.ts'
import { isObject } from '../core/json.ts'
import { readBody } from '../dialects/openai.ts'
import { explanationBody } from '../insight/explanation.ts'
import { explanationText } from '../insight/explanation-text.ts'
import { coloursFor } from '../telemetry/index.ts'

interface ExplainOptions {
  readonly config?: string
  readonly model: string
  readonly request?: string
  readonly json?: boolean
}

const EXAMPLES = `
Examples:
  $ tollgate explain "Prove that the square root of 2 is irrational"
  $ tollgate explain --config config.yaml --model fast "Hello"
  $ tollgate explain --config config.yaml --request body.json --json
`

/** `tollgate explain`: where a request would go and why, with nothing dialled. */
export function explainCommand(): Command {
  return new Command('explain')
    .description('tell where a request would go, and why; nothing is dialled')
    .argument('[prompt]', "a user's message")
    .option('-c, --config <file>', "a LiteLLM configuration (default: pools for the environment's provider keys)")
    .option('-m, --model <name>', 'the pool to ask', 'auto')
    .option('-r, --request <file>', 'a whole request body as JSON instead of a prompt; - reads standard input')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(explain)
}

async function explain(prompt: string | undefined, options: ExplainOptions, command: Command): Promise<void> {
  if (prompt === undefined && options.request === undefined) command.error('error: give a prompt, or --request FILE')
  const source = options.config === undefined ? { object: defaultConfig(process.env) } : { path: options.config }
  // Nothing is spent or counted: neither books nor a limiter are wanted, wherever they would be kept.
  const { router, close } = assemble(loadConfig(source, { listens: false }), { backing: { close: async () => {} } })
  try {
    const explanation = await router.explain(readBody('chat', requestBody(prompt, options)))
    const text = options.json
      ? JSON.stringify(explanationBody(explanation), null, 2)
      : explanationText(explanation, coloursFor(process.stdout))
    process.stdout.write(`${text}\n`)
  } finally {
    await close()
  }
}

function requestBody(prompt: string | undefined, { model, request }: ExplainOptions): unknown {
  if (request === undefined) return { model, messages: [{ role: 'user', content: prompt ?? '' }] }
  const body = parsed(textOf(request), request)
  return isObject(body) && !('model' in body) ? { model, ...body } : body
}

function textOf(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new Failure('invalid_request', `the request ${file} cannot be read: ${readProblem(error)}`)
  }
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const where = error instanceof Error ? error.message : String(error)
    throw new Failure(
      'invalid_request',
      `the request ${file === '-' ? 'on standard input' : file} is no JSON: ${where}`,
    )
  }
}
