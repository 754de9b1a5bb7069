import { Command } from 'commander'
import { ConfigError } from '../config/finding.ts'
import { type LoadedConfig, loadConfig } from '../config/load-config.ts'
import { configReport, formatReport } from '../config/report.ts'

interface CheckOptions {
  readonly json?: boolean
  readonly acknowledge?: readonly string[]
}

const EXAMPLES = `
Exit code 0: it can be served, and nothing but notes was found. 1: something was found; each line names the place
and what to do.

Examples:
  $ tollgate check config.yaml
  $ tollgate check config.yaml --json | jq .findings
`

/** `tollgate check`: what a configuration means, and what is wrong with it. */
export function checkCommand(): Command {
  return new Command('check')
    .description('print what a configuration means, and all that is wrong with it')
    .argument('<file>', 'a LiteLLM configuration')
    .option('--json', 'print JSON')
    .option('--acknowledge <key...>', 'accept that this protecting setting has no effect')
    .addHelpText('after', EXAMPLES)
    .action(check)
}

function check(path: string, options: CheckOptions): void {
  const config = loaded(path, options)
  if (!config) return
  const text = options.json
    ? `${JSON.stringify(configReport(config), null, 2)}\n`
    : formatReport(config, { color: process.stdout.isTTY })
  process.stdout.write(text)
  const nobody = config.settings.routing.deployments.length === 0
  if (nobody || config.findings.some(({ severity }) => severity !== 'note')) process.exitCode = 1
}

/** What could be read; undefined when nothing could and that is printed as JSON. @throws ConfigError when it is for people. */
function loaded(path: string, { json, acknowledge = [] }: CheckOptions): LoadedConfig | undefined {
  try {
    return loadConfig({ path }, { tolerant: true, acknowledged: acknowledge, serves: true })
  } catch (error) {
    if (!json || !(error instanceof ConfigError) || error.findings.length === 0) throw error
    process.stdout.write(`${JSON.stringify({ findings: error.findings }, null, 2)}\n`)
    process.exitCode = 1
    return undefined
  }
}
