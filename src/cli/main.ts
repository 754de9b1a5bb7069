import { Command, CommanderError } from 'commander'
import { VERSION } from '../core/version.ts'
import { checkCommand } from './check.ts'
import { demoCommand } from './demo.ts'
import { explainCommand } from './explain.ts'
import { keysCommand } from './keys.ts'
import { migrateCommand } from './migrate.ts'
import { mockCommand } from './mock.ts'
import { Output } from './output.ts'
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

const COMMANDS: readonly ((output: Output) => Command)[] = [
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
  const output = new Output()
  const program = new Command('tollgate')
    .description('LLM router and gateway: one OpenAI-compatible endpoint in front of every provider.')
    .version(VERSION, '-v, --version')
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(tollgate --help shows the commands)')
  for (const make of COMMANDS) program.addCommand(withHint(make(output)))
  try {
    await program.parseAsync([...argv])
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode
    else output.fail(error)
  }
}

/** Whoever calls it wrongly is told where its options are explained. */
function withHint(command: Command): Command {
  return command.showHelpAfterError(`(tollgate ${command.name()} --help shows how it is used)`)
}
