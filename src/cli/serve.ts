import { availableParallelism } from 'node:os'
import { Command, Option } from 'commander'
import type { Assembly } from '../assemble.ts'
import { isDocumentedKey } from '../config/compile/gateway.ts'
import { defaultConfig } from '../config/default-config.ts'
import { formatFinding } from '../config/finding.ts'
import { type LoadedConfig, loadConfig } from '../config/load-config.ts'
import { accessGroupsOf } from '../core/access-groups.ts'
import { Failure } from '../core/failure.ts'
import type { LoggingRules } from '../core/logging.ts'
import { LOOPBACK_HOSTS } from '../gateway/allowed-hosts.ts'
import { createGateway, type Gateway, type MoneyParts } from '../gateway/server.ts'
import { type OpenOptions, open } from '../open-assembly.ts'
import { coloursFor, type LinePrinter, linePrinter, printCalls, printedLines } from '../telemetry/index.ts'
import { listenAdvice, portNumber } from './advice.ts'
import { tuneEngine } from './engine.ts'
import type { LogForm, Notices } from './notices.ts'
import type { Output } from './output.ts'
import { ofWorker, superviseWorkers, type WorkerSelf, workerCount } from './workers.ts'

interface ServeOptions {
  readonly config?: string
  readonly host?: string
  readonly port?: number
  readonly auth: boolean
  readonly acknowledge?: readonly string[]
  readonly strict?: boolean
  readonly log?: LogForm
  readonly workers?: number
}

const EXAMPLES = `
Examples:
  $ tollgate serve
  $ tollgate serve --config config.yaml --port 8080
  $ OPENAI_API_KEY=sk-... tollgate serve
  $ tollgate serve --config config.yaml --workers auto    one process per core behind one port
  $ tollgate serve --config config.yaml --host 0.0.0.0    needs general_settings.master_key
`

/** `tollgate serve`: the gateway. */
export function serveCommand(output: Output): Command {
  return new Command('serve')
    .description('serve the OpenAI-compatible API')
    .option('-c, --config <file>', "a LiteLLM configuration (default: pools for the environment's provider keys)")
    .option('--host <address>', 'where to listen (default: the configuration, else 127.0.0.1)')
    .option('-p, --port <number>', 'where to listen (default: the configuration, else 4000)', portNumber)
    .option('--no-auth', 'listen beyond this machine although no master key is set: anybody may spend your money')
    .option('--acknowledge <key...>', 'start although this protecting setting has no effect')
    .option('--strict', 'do not start when the configuration has anything to report')
    .addOption(new Option('--log <form>', 'one line per call').choices(['lines', 'json', 'none']))
    .option(
      '--workers <number>',
      'processes that serve behind the one port, auto: one per core (default: the configuration, else 1)',
      workerCount,
    )
    .addHelpText('after', EXAMPLES)
    .action((options: ServeOptions) => serve(options, output))
}

async function serve(options: ServeOptions, output: Output): Promise<void> {
  const worker = ofWorker()
  if (worker) return serveAsWorker(worker, options, output)
  const config = load(options, output)
  const { notices } = output
  report(config, options, notices)
  refuseOpenDoor(addressOf(config, options).host, config, options)
  const workers = options.workers ?? countOf(config.settings.workers)
  const show = (url: string) => notices.listening({ url, config, file: options.config, workers })
  if (workers > 1) {
    const exitCode = await superviseWorkers(workers, { onReady: show, warn: notices.warn })
    // A connection that some dead worker had must not keep this process alive.
    process.exit(exitCode)
  }
  await serveUntilStopped(config, options, { listening: show, onStop: stopOnSignals, warn: notices.warn })
}

function logForm({ settings }: LoadedConfig, { log }: ServeOptions): LogForm {
  return log ?? settings.gateway.log
}

/** What the configuration says of workers. */
function countOf(workers: number | 'auto'): number {
  return workers === 'auto' ? availableParallelism() : workers
}

/** The main process has checked the configuration and reported what there is to report. */
async function serveAsWorker(worker: WorkerSelf, options: ServeOptions, output: Output): Promise<void> {
  try {
    const config = load(options, output)
    await serveUntilStopped(config, options, { ...worker, warn: output.notices.warn })
  } finally {
    await worker.leave()
  }
}

/** Who is told that this process listens, and what is wrong with it; and who tells it to stop. */
type Surroundings = Pick<WorkerSelf, 'listening' | 'onStop'> &
  Pick<Notices, 'warn'> &
  Partial<Pick<WorkerSelf, 'shared' | 'drainAll' | 'onDrain'>>

async function serveUntilStopped(config: LoadedConfig, options: ServeOptions, around: Surroundings): Promise<void> {
  tuneEngine()
  const { gateway: settings } = config.settings
  const { host, port } = addressOf(config, options)
  const printer = linePrinter(process.stdout, { shared: around.shared !== undefined })
  const form = logForm(config, options)
  const { warn } = around
  const assembly = await open(config, {
    kind: 'server',
    warn,
    ...logTo(printer, form, config.settings.telemetry.logging),
    shared: around.shared,
    ...(options.config !== undefined && { path: options.config }),
  })
  const gateway = createGateway(assembly.router, {
    ...settings,
    ...(await moneyParts(config, assembly, warn)),
    // Open to everybody on this machine: then to nobody by another name.
    ...(!settings.masterKey &&
      LOOPBACK.has(host) &&
      settings.allowedHosts.length === 0 && { allowedHosts: LOOPBACK_HOSTS }),
    keepaliveMs: config.settings.routing.timeouts.keepaliveMs,
    ...(around.drainAll && { onDrain: around.drainAll }),
  })
  around.onDrain?.(gateway.drain)
  const stopped = new Promise<void>(resolve => around.onStop(resolve))
  const url = await listen(gateway, assembly, { host, port })
  assembly.router.prober.start()
  around.listening(url)
  await stopped
  await gateway.stop()
  await assembly.close()
  printer.close()
}

/** Keys and the management API, where there is a store to keep them. */
async function moneyParts(
  config: LoadedConfig,
  { backing, router }: Assembly,
  warn: (message: string) => void,
): Promise<{ readonly money?: MoneyParts }> {
  const { store, callers, ledger } = backing ?? {}
  const { masterKey } = config.settings.gateway
  if (!store || !callers) return {}
  const isConnected = () => ledger?.isConnected ?? false
  if (!masterKey) return { money: { store, callers, isConnected } }
  const { openManagement } = await import('../management/open-management.ts')
  const replace: Parameters<typeof openManagement>[0]['replace'] = routing => {
    router.replace(routing)
    callers.regroup(accessGroupsOf(routing.deployments))
  }
  const { operations, models } = await openManagement({ config, store, masterKey, replace, warn })
  ledger?.onChange(({ kind }) => {
    if (kind === 'model' || kind === 'setting')
      models.refresh().catch(error => warn(`models were not read: ${String(error)}`))
  })
  return { money: { store, callers, isConnected, operations, access: config.settings.access } }
}

function addressOf({ settings }: LoadedConfig, { host, port }: ServeOptions): { host: string; port: number } {
  const { listen } = settings.gateway
  return { host: host ?? listen.host, port: port ?? listen.port }
}

function load(options: ServeOptions, output: Output): LoadedConfig {
  const { config: path, acknowledge = [] } = options
  // What is wrong with the configuration is told before it can say in which form.
  output.serves(options.log ?? 'lines')
  const source = path === undefined ? { object: defaultConfig(process.env) } : { path }
  const config = loadConfig(source, { acknowledged: acknowledge, serves: true })
  output.serves(logForm(config, options))
  return config
}

/** Tells what was found in the configuration. @throws Failure when nothing may be. */
function report({ findings }: LoadedConfig, { strict }: ServeOptions, { warn }: Notices): void {
  const reports = findings.filter(finding => finding.severity !== 'note')
  for (const finding of reports) warn(formatFinding(finding))
  if (strict && reports.length > 0) {
    throw new Failure('internal', `not started: ${reports.length} findings with --strict (see tollgate check)`)
  }
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

/** Who prints a line for each call, in the form that was asked for. */
function logTo(
  { print }: LinePrinter,
  form: LogForm,
  rules: LoggingRules,
): Pick<OpenOptions, 'listeners' | 'jsonLines'> {
  if (form === 'json') return { jsonLines: printedLines(print) }
  if (form === 'none') return {}
  return { listeners: [printCalls({ print, rules, colours: coloursFor(process.stdout) })] }
}

/** A second signal ends the process at once, unless it is that of a terminal that is gone, which may come several times. */
function stopOnSignals(stop: () => void): void {
  let isStopping = false
  const told = () => {
    if (isStopping) process.exit(130)
    isStopping = true
    stop()
  }
  process.on('SIGINT', told)
  process.on('SIGTERM', told)
  process.on('SIGHUP', () => isStopping || told())
}
