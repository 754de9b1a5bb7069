import { Command, Option } from 'commander'
import { type Assembly, open } from '../assemble.ts'
import { isDocumentedKey } from '../config/compile/gateway.ts'
import { defaultConfig } from '../config/default-config.ts'
import { formatFinding } from '../config/finding.ts'
import { type LoadedConfig, loadConfig } from '../config/load-config.ts'
import { Failure } from '../core/failure.ts'
import type { LoggingRules } from '../core/logging.ts'
import { LOOPBACK_HOSTS } from '../gateway/allowed-hosts.ts'
import { createGateway, type Gateway } from '../gateway/server.ts'
import { coloursFor, type LinePrinter, type Listener, linePrinter, printCalls } from '../telemetry/index.ts'
import { listenAdvice, portNumber } from './advice.ts'
import { banner } from './banner.ts'

interface ServeOptions {
  readonly config?: string
  readonly host?: string
  readonly port?: number
  readonly auth: boolean
  readonly acknowledge?: readonly string[]
  readonly strict?: boolean
  readonly log?: 'lines' | 'json' | 'none'
}

const EXAMPLES = `
Examples:
  $ tollgate serve
  $ tollgate serve --config config.yaml --port 8080
  $ OPENAI_API_KEY=sk-... tollgate serve
  $ tollgate serve --config config.yaml --host 0.0.0.0    needs general_settings.master_key
`

/** `tollgate serve`: the gateway. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('serve the OpenAI-compatible API')
    .option('-c, --config <file>', "a LiteLLM configuration (default: pools for the environment's provider keys)")
    .option('--host <address>', 'where to listen (default: the configuration, else 127.0.0.1)')
    .option('-p, --port <number>', 'where to listen (default: the configuration, else 4000)', portNumber)
    .option('--no-auth', 'listen beyond this machine although no master key is set: anybody may spend your money')
    .option('--acknowledge <key...>', 'start although this protecting setting has no effect')
    .option('--strict', 'do not start when the configuration has anything to report')
    .addOption(new Option('--log <form>', 'one line per call').choices(['lines', 'json', 'none']))
    .addHelpText('after', EXAMPLES)
    .action(serve)
}

async function serve(options: ServeOptions): Promise<void> {
  const config = load(options)
  const { gateway: settings } = config.settings
  const host = options.host ?? settings.listen.host
  const port = options.port ?? settings.listen.port
  refuseOpenDoor(host, config, options)
  const printer = linePrinter(process.stdout)
  const assembly = await open(config, {
    kind: 'server',
    listeners: logTo(printer, options.log ?? settings.log, config.settings.telemetry.logging),
    ...(options.config !== undefined && { path: options.config }),
  })
  const gateway = createGateway(assembly.router, {
    ...settings,
    // Open to everybody on this machine: then to nobody by another name.
    ...(!settings.masterKey &&
      LOOPBACK.has(host) &&
      settings.allowedHosts.length === 0 && { allowedHosts: LOOPBACK_HOSTS }),
    keepaliveMs: config.settings.routing.timeouts.keepaliveMs,
  })
  const url = await listen(gateway, assembly, { host, port })
  assembly.router.prober.start()
  process.stdout.write(banner({ url, config, file: options.config }))
  await stopped(gateway, assembly)
  printer.close()
}

function load({ config: path, acknowledge = [], strict }: ServeOptions): LoadedConfig {
  const source = path === undefined ? { object: defaultConfig(process.env) } : { path }
  const config = loadConfig(source, { acknowledged: acknowledge, serves: true })
  const reports = config.findings.filter(finding => finding.severity !== 'note')
  for (const finding of reports) process.stderr.write(`tollgate: ${formatFinding(finding)}\n`)
  if (strict && reports.length > 0) {
    throw new Failure('internal', `not started: ${reports.length} findings with --strict (see tollgate check)`)
  }
  return config
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost'])

/** Without a master key everybody who reaches the port may spend the operator's money. */
function refuseOpenDoor(host: string, { settings }: LoadedConfig, { auth }: ServeOptions): void {
  const { masterKey } = settings.gateway
  if (LOOPBACK.has(host) || !auth || (masterKey && !isDocumentedKey(masterKey.reveal()))) return
  const why = masterKey ? 'is an example from documentation' : 'is not set'
  throw new Failure(
    'internal',
    `not listening on ${host}: general_settings.master_key ${why}, so anybody could call. Set one, or insist with --no-auth`,
  )
}

async function listen(gateway: Gateway, assembly: Assembly, at: { host: string; port: number }): Promise<string> {
  try {
    return await gateway.listen(at)
  } catch (error) {
    await assembly.close()
    throw new Failure('internal', listenAdvice(error, at))
  }
}

function logTo({ print }: LinePrinter, form: 'lines' | 'json' | 'none', rules: LoggingRules): readonly Listener[] {
  if (form !== 'lines') return []
  return [printCalls({ print, rules, colours: coloursFor(process.stdout) })]
}

/** Settles when SIGINT or SIGTERM has stopped everything; a second signal ends the process at once. */
function stopped(gateway: Gateway, assembly: Assembly): Promise<void> {
  return new Promise((resolve, reject) => {
    let stopping = false
    const stop = () => {
      if (stopping) process.exit(130)
      stopping = true
      gateway
        .stop()
        .then(() => assembly.close())
        .then(resolve, reject)
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
  })
}
