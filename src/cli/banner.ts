import type { LoadedConfig } from '../config/load-config.ts'
import { deploymentName } from '../core/deployment.ts'
import type { Colours } from '../telemetry/index.ts'

/** What there is to tell of a gateway that listens. */
export interface Listening {
  readonly url: string
  readonly config: LoadedConfig
  /** The configuration's file; undefined for the embedded one. */
  readonly file: string | undefined
  /** Processes that serve. */
  readonly workers: number
}

/** What `tollgate serve` says when it listens: the address, the pools, and a line to try. */
export function banner({ url, config, file, workers }: Listening, { bold, dim }: Colours): string {
  const { routing, gateway } = config.settings
  const pools = groups(config)
  const width = Math.max(...[...pools.keys()].map(name => name.length), 4)
  const rows = [...pools].map(([name, members]) => `  ${name.padEnd(width)}  ${dim(members.join(', '))}`)
  for (const name of [...Object.keys(routing.auto), ...Object.keys(routing.tiers)])
    rows.push(`  ${name.padEnd(width)}  ${dim('chooses among the pools')}`)
  const model = Object.keys(routing.auto)[0] ?? [...pools.keys()][0] ?? 'fast'
  const key = gateway.masterKey ? ` -H 'authorization: Bearer YOUR_MASTER_KEY'` : ''
  const crowd = workers > 1 ? dim(`, ${workers} workers`) : ''
  return `${bold('tollgate')} listens on ${bold(url)}${dim(file === undefined ? ' (embedded configuration)' : ` (${file})`)}${crowd}
${rows.join('\n')}

Try it:
  curl ${url}/v1/chat/completions${key} -H 'content-type: application/json' \\
    -d '{"model": "${model}", "messages": [{"role": "user", "content": "What is 2+2?"}]}'

`
}

/** The pools, and the deployments of each. */
export function groups({ settings }: LoadedConfig): Map<string, string[]> {
  const pools = new Map<string, string[]>()
  for (const deployment of settings.routing.deployments) {
    pools.set(deployment.pool, [...(pools.get(deployment.pool) ?? []), deploymentName(deployment)])
  }
  return pools
}
