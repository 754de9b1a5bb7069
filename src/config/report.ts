import { styleText } from 'node:util'
import { accessGroupsOf } from '../core/access-groups.ts'
import type { AutoSettings } from '../core/auto-settings.ts'
import type { Deployment } from '../core/deployment.ts'
import { formatUsd } from '../core/money.ts'
import type { Rate } from '../core/price.ts'
import { shownBaseUrl } from '../core/shown-address.ts'
import type { KeySource } from './compile/connection.ts'
import { leftOutLines, nobodyLeftLine } from './compile/left-out.ts'
import { type Finding, formatFinding, type Severity } from './finding.ts'
import type { LoadedConfig } from './load-config.ts'
import { type MoneyReport, moneyLines, moneyReport } from './report-money.ts'

/** What `tollgate check` says of one deployment. Nothing in it is secret. */
export interface DeploymentReport {
  readonly id: string
  /** `openai/gpt-4o-mini`. */
  readonly model: string
  readonly baseUrl: string
  readonly key: KeySource
  /** US dollars per million tokens, as decimal text. */
  readonly price?: { readonly input: string; readonly output: string; readonly source: string }
  readonly maxInputTokens?: number
}

/** What `tollgate check` says of a pool that chooses between others. */
export interface ChoiceReport {
  readonly pool: string
  readonly by: 'cost and latency' | AutoSettings['by']
  /** Where a call may go, each pool once. */
  readonly among: readonly string[]
}

/** What `tollgate check` says of a configuration, for programs. */
export interface ConfigReport {
  readonly pools: readonly {
    readonly pool: string
    readonly strategy: string
    readonly deployments: readonly DeploymentReport[]
  }[]
  /** Names by which callers may be granted several pools at once. */
  readonly accessGroups: Readonly<Record<string, readonly string[]>>
  /** Pools that choose between pools. */
  readonly choices: readonly ChoiceReport[]
  readonly leftOut: LoadedConfig['leftOut']
  readonly money: MoneyReport
  readonly findings: readonly Finding[]
}

/** The report as data. */
export function configReport(config: LoadedConfig): ConfigReport {
  const { routing } = config.settings
  const names = [...new Set(routing.deployments.map(one => one.pool))]
  const pools = names.map(pool => ({
    pool,
    strategy: (routing.poolStrategies[pool] ?? routing.strategy).name,
    deployments: routing.deployments
      .filter(one => one.pool === pool)
      .map(one => deploymentReport(one, config.keySources.get(one.id) ?? { kind: 'none' })),
  }))
  const accessGroups = Object.fromEntries(accessGroupsOf(routing.deployments))
  const { leftOut, findings, settings } = config
  return { pools, choices: choicesOf(routing), accessGroups, leftOut, money: moneyReport(settings), findings }
}

function choicesOf({ tiers, auto }: LoadedConfig['settings']['routing']): readonly ChoiceReport[] {
  const byTier = Object.entries(tiers).map(([pool, { cheap, capable }]) => {
    return { pool, by: 'cost and latency', among: [cheap, capable] } as const
  })
  const byPrompt = Object.entries(auto).map(([pool, settings]) => {
    return { pool, by: settings.by, among: [...new Set(poolsOf(settings))] }
  })
  return [...byTier, ...byPrompt]
}

function poolsOf(settings: AutoSettings): readonly string[] {
  if (settings.by === 'task') return Object.values(settings.pools)
  if (settings.by === 'complexity') return [...Object.values(settings.tiers).flat(), settings.defaultPool]
  return [...settings.routes.map(({ pool }) => pool), settings.defaultPool]
}

function deploymentReport(deployment: Deployment, key: KeySource): DeploymentReport {
  const { id, provider, model, price, limits } = deployment
  const { maxInputTokens } = limits
  return {
    id,
    model: `${provider}/${model}`,
    baseUrl: shownBaseUrl(deployment),
    key,
    ...(price && {
      price: { input: perMillion(price.rates.input), output: perMillion(price.rates.output), source: price.source },
    }),
    ...(maxInputTokens !== undefined && { maxInputTokens }),
  }
}

/** A rate is nano-dollars per million already. */
function perMillion(rate: Rate): string {
  const text = formatUsd(rate)
  return text.replace(/(\.\d\d\d*?)0+$/, '$1')
}

export interface ReportOptions {
  /** Colours; they are left out anyway when NO_COLOR is set. Default false. */
  readonly color?: boolean
  readonly env?: Readonly<Record<string, string | undefined>>
}

type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green'

/** The report as text for people. */
export function formatReport(config: LoadedConfig, options: ReportOptions = {}): string {
  const { color = false, env = process.env } = options
  const colored = color && !env.NO_COLOR
  const paint = (style: Style, text: string) => (colored ? styleText(style, text, { validateStream: false }) : text)
  const { pools, choices, accessGroups, leftOut, findings } = configReport(config)
  const lines = pools.flatMap(({ pool, strategy, deployments }) => [
    `${paint('bold', pool)} ${paint('dim', `(${strategy})`)}`,
    ...deployments.map(one => `  ${describe(one, text => paint('yellow', text))}`),
  ])
  for (const { pool, by, among } of choices)
    lines.push(`${paint('bold', pool)} ${paint('dim', `(by ${by})`)}`, `  one of ${among.join(', ')}`)
  const groups = Object.entries(accessGroups).map(([name, members]) => `  ${name}: ${members.join(', ')}`)
  if (groups.length > 0) lines.push('', paint('bold', 'access groups'), ...groups)
  const missing = leftOutLines(leftOut, { keys: true }).map(line => `  ${paint('yellow', line)}`)
  if (missing.length > 0) lines.push('', paint('bold', 'left out'), ...missing)
  lines.push('', ...moneyLines(config.settings, text => paint('bold', text)))
  if (findings.length > 0) lines.push('', paint('bold', 'findings'))
  for (const finding of [...findings].sort((a, b) => ORDER[a.severity] - ORDER[b.severity])) {
    lines.push(`  ${paint(STYLES[finding.severity], finding.severity.padEnd(6))} ${formatFinding(finding)}`)
  }
  if (pools.length === 0) lines.push('', paint('red', `${nobodyLeftLine(leftOut)}; tollgate serve would not start`))
  lines.push('', summary(pools.length, config))
  return `${lines.join('\n').trimStart()}\n`
}

const ORDER: Readonly<Record<Severity, number>> = { error: 0, report: 1, note: 2 }
const STYLES = { error: 'red', report: 'yellow', note: 'dim' } as const satisfies Record<Severity, Style>

function describe(one: DeploymentReport, warn: (text: string) => string): string {
  const price = one.price
    ? `$${one.price.input} in, $${one.price.output} out per million tokens (${one.price.source})`
    : warn('no price is known: its calls are recorded as unpriced')
  const context = one.maxInputTokens === undefined ? [] : [`${one.maxInputTokens.toLocaleString('en-US')} tokens in`]
  return [one.model, keyText(one.key), price, ...context, one.baseUrl].join(' · ')
}

function keyText(key: KeySource): string {
  if (key.kind === 'variable') return `key from ${key.name}`
  if (key.kind === 'credential') return `key from the credential ${key.name}`
  return key.kind === 'configuration' ? 'key from the configuration' : 'no key needed'
}

function summary(pools: number, { settings, findings }: LoadedConfig): string {
  const count = (severity: Severity) => findings.filter(finding => finding.severity === severity).length
  const { deployments } = settings.routing
  const found = (['error', 'report', 'note'] as const).map(severity => counted(count(severity), severity))
  return `${counted(pools, 'pool')}, ${counted(deployments.length, 'deployment')}; ${found.join(', ')}`
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
