import { Command, CommanderError } from 'commander'
import { ConfigError } from '../config/finding.ts'
import { Failure } from '../core/failure.ts'
import { VERSION } from '../core/version.ts'
import { checkCommand } from './check.ts'
import { demoCommand } from './demo.ts'
import { explainCommand } from './explain.ts'
import { keysCommand } from './keys.ts'
import { migrateCommand } from './migrate.ts'
import { mockCommand } from './mock.ts'
import { reportCommand } from './report.ts'
import { schemaCommand } from './schema.ts'
import { serveCommand } from './serve.ts'

const EXAMPLES = `
Examples:
  $ tollgate serve                        pools for the providers whose keys are in the environment
  $ tollgate serve --config config.yaml   a LiteLLM configuration, unchanged
  $ tollgate check config.yaml            what it means, and what is wrong with it
  $ tollgate demo                         three prompts, two providers, costs and traces; no keys needed
`

const COMMANDS = [
  serveCommand,
  demoCommand,
  checkCommand,
  explainCommand,
  reportCommand,
  keysCommand,
  migrateCommand,
  mockCommand,
  schemaCommand,
]

/** The command line. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('tollgate')
    .description('LLM router and gateway: one OpenAI-compatible endpoint in front of every provider.')
    .version(VERSION, '-v, --version')
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(tollgate --help shows the commands)')
  for (const make of COMMANDS) program.addCommand(withHint(make()))
  let isTold = false
  process.stdout.on('error', error => {
    // A reader that has seen enough (head, less) is no error.
    if ('code' in error && error.code === 'EPIPE') process.exit()
    // A terminal that is gone tells so by SIGHUP as well, which has us stop in order.
    if (isTold || ('code' in error && error.code === 'EIO')) return
    // A disk that is full: a gateway answers on, and prints again when there is room.
    isTold = true
    fail(new Failure('internal', `standard output cannot be written: ${error.message}`))
  })
  try {
    await program.parseAsync([...argv])
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode
    else fail(error)
  }
}

/** Whoever calls it wrongly is told where its options are explained. */
function withHint(command: Command): Command {
  return command.showHelpAfterError(`(tollgate ${command.name()} --help shows how it is used)`)
}

/** Expected errors in one readable piece; unexpected ones with their stack, because somebody must mend them. */
function fail(error: unknown): void {
  const expected = error instanceof ConfigError || error instanceof Failure || isSystemError(error)
  process.stderr.write(`tollgate: ${expected || !(error instanceof Error) ? messageOf(error) : error.stack}\n`)
  process.exitCode = 1
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
