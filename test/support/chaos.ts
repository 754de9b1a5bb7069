import { existsSync, readdirSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { JsonObject } from '../../src/core/json.ts'
import type { Upstream, UpstreamOptions, UpstreamRequest } from '../../src/testing/index.ts'
import { type Ask, type ClientCall, Clients } from './clients.ts'
import type { OracleRates } from './oracle.ts'
import { type LedgerCopy, readLedger } from './read-ledger.ts'
import { Replicas, type ReplicasOptions } from './replicas.ts'
import { fresh, Stage } from './stage.ts'
import { discrepancies, type ThreeLogs } from './three-logs.ts'
import { modelList } from './yaml.ts'

/** No round numbers: whoever rounds too early is found out. */
const FAST: OracleRates = { input: 123_700_000n, output: 481_300_000n }
const SPARE: OracleRates = { input: 317_900_000n, output: 1_203_100_000n }

export interface ChaosOptions extends Pick<ReplicasOptions, 'count' | 'database' | 'redisUrl' | 'sections' | 'env'> {
  readonly upstream?: UpstreamOptions
}

/**
 * Real processes between clients and upstreams who all keep logs: pool `fast`, which falls back to `spare`, each with an
 * upstream of its own; a key with a budget, one without any, and one of a team with a budget.
 */
export class Chaos {
  readonly stage: Stage
  readonly clients: Clients
  readonly fast: Upstream
  readonly spare: Upstream
  readonly replicas: Replicas
  /** Whose prices upstreams are asked with. */
  readonly providerKey: string
  readonly limited: string
  readonly unlimited: string
  readonly ofTeam: string
  readonly #database: string | undefined

  private constructor(parts: Omit<ConstructorParts<Chaos>, 'clients'>, database: string | undefined) {
    this.stage = parts.stage
    this.clients = new Clients()
    this.fast = parts.fast
    this.spare = parts.spare
    this.replicas = parts.replicas
    this.providerKey = parts.providerKey
    this.limited = parts.limited
    this.unlimited = parts.unlimited
    this.ofTeam = parts.ofTeam
    this.#database = database
  }

  static async start({ upstream = {}, sections = {}, ...options }: ChaosOptions = {}): Promise<Chaos> {
    const stage = new Stage()
    const providerKey = fresh('sk-provider-')
    const behaviour = { usage: usageOf, ...upstream }
    const fast = await stage.upstream(behaviour)
    const spare = await stage.upstream(behaviour)
    const models = modelList(
      { pool: 'fast', baseUrl: fast.baseUrl, key: providerKey, input: '0.0000001237', output: '0.0000004813' },
      { pool: 'spare', baseUrl: spare.baseUrl, key: providerKey, input: '0.0000003179', output: '0.0000012031' },
    )
    const replicas = await Replicas.start(stage, { ...options, models, sections: withFallback(sections) })
    const team_id = String((await replicas.manage('/team/new', { team_alias: 'all', max_budget: 500 })).team_id)
    const limited = await replicas.key({ max_budget: 100 })
    const unlimited = await replicas.key()
    const ofTeam = await replicas.key({ team_id, max_budget: 100 })
    const parts = { stage, fast, spare, replicas, providerKey, limited, unlimited, ofTeam }
    const chaos = new Chaos(parts, options.database)
    await chaos.#acquaint([limited, unlimited, ofTeam])
    return chaos
  }

  /** The keys in turn, streamed and not, at one address; default: at the replicas in turn. */
  readonly mixed = (turn: number, url: string = this.replicas.at(turn).url): Ask => {
    const key = [this.limited, this.ofTeam, this.unlimited][turn % 3] ?? this.limited
    return { url, key, streamed: turn % 2 === 0 }
  }

  call(ask: Partial<Ask> = {}): Promise<ClientCall> {
    return this.clients.call({ url: this.replicas.at(0).url, key: this.limited, ...ask })
  }

  /** So many clients ask without a pause, all the while that something is done; gives the calls that were made since. */
  async underLoad(
    work: () => Promise<unknown>,
    { clients, ask = turn => this.mixed(turn) }: { readonly clients: number; readonly ask?: (turn: number) => Ask },
  ): Promise<readonly ClientCall[]> {
    const before = this.clients.calls.length
    let goesOn = true
    const load = this.clients.crowd(clients, ask, () => goesOn)
    await this.arrivals(40)
    await work()
    await this.arrivals(40)
    goesOn = false
    await load
    return this.clients.calls.slice(before)
  }

  /** Settles when so many more calls have reached the upstream, however long that takes on a busy machine. */
  async arrivals(count: number): Promise<void> {
    await this.fast.arrived(this.fast.log.length + count, 100_000)
  }

  /** Whether the upstream has read what this client asks. */
  readonly hasArrived = (canary: string): boolean => this.fast.log.some(({ prompt }) => prompt.startsWith(canary))

  ledger(): Promise<LedgerCopy> {
    return readLedger(this.#database ?? this.replicas.file ?? '')
  }

  /** What the logs disagree in now, leases apart. */
  async compare(options: Pick<ThreeLogs, 'killed' | 'running'> = {}): Promise<string[]> {
    const upstreams = [
      { log: this.fast.log, rates: FAST },
      { log: this.spare.log, rates: SPARE },
    ]
    const wrong = discrepancies({ upstreams, clients: this.clients.calls, ledger: await this.ledger(), ...options })
    // All of them would hide what they have in common.
    return wrong.slice(0, 20)
  }

  /** The same as soon as rows that are on their way have come, which may take as long as this many milliseconds. */
  async settled(options: Pick<ThreeLogs, 'killed'> = {}, withinMs = 30_000): Promise<string[]> {
    return eventually(() => this.compare({ ...options, running: true }), withinMs)
  }

  /** Ends all processes in an orderly way: exit code 0, no journal left, and the logs agree. */
  async finish(options: Pick<ThreeLogs, 'killed'> = {}): Promise<string[]> {
    const codes = await this.replicas.stop()
    const wrong = codes.filter(code => code !== 0).map(code => `a process ended with ${code}: ${this.warnings()}`)
    for (const { journal } of this.replicas.all) {
      if (existsSync(journal) && readdirSync(journal).length > 0)
        wrong.push(`${journal} holds ${readdirSync(journal).join()}`)
    }
    return [...wrong, ...(await eventually(() => this.compare(options), 2_000))]
  }

  /**
   * Settles when every process has heard of all that was changed and has looked these keys up since. Before that it would
   * forget them once more, at its next pulse, and know nobody should the store go away in that moment.
   */
  async #acquaint(keys: readonly string[]): Promise<void> {
    // What was changed is read in the first pulse, and told by the time of the second.
    for (let pulse = 0; pulse < 2; pulse++) await this.#pulse()
    for (const replica of this.replicas.all) {
      for (const key of keys) {
        const { status, text } = await replica.ask('/v1/models', undefined, key)
        if (status !== 200) throw new Error(`a new key is answered with ${status}: ${text}`)
      }
    }
  }

  /** Settles when every process has told the store once more that it lives. */
  async #pulse(): Promise<void> {
    const { replicas: before } = await this.ledger()
    const silent = async () => {
      const { replicas: now } = await this.ledger()
      return before.filter(one => now.some(other => isDeepStrictEqual(one, other))).map(({ id }) => id)
    }
    const never = await eventually(silent, 30_000)
    if (never.length > 0) throw new Error(`waited in vain for a pulse of ${never.join()}`)
  }

  warnings(): string {
    return this.replicas.all.map(({ warnings }) => warnings).join('')
  }

  async close(): Promise<void> {
    this.clients.close()
    await this.stage.clear()
  }
}

type ConstructorParts<Whole> = Pick<
  Whole,
  Extract<
    keyof Whole,
    'stage' | 'clients' | 'fast' | 'spare' | 'replicas' | 'providerKey' | 'limited' | 'unlimited' | 'ofTeam'
  >
>

/** Each prompt has its own counts, within what is asked for. */
function usageOf({ prompt }: UpstreamRequest): { inputTokens: number; outputTokens: number } {
  const random = Number.parseInt(/-([0-9a-f]{8})/.exec(prompt)?.[1] ?? '0', 16)
  return { inputTokens: 10 + (random % 23), outputTokens: 5 + ((random >>> 8) % 47) }
}

function withFallback({ router_settings, ...others }: Readonly<Record<string, JsonObject>>) {
  return { ...others, router_settings: { fallbacks: [{ fast: ['spare'] }], ...router_settings } }
}

/** Asks again until nothing is wrong any more; what was wrong last. */
export async function eventually(ask: () => Promise<string[]>, withinMs: number): Promise<string[]> {
  const end = performance.now() + withinMs
  for (;;) {
    const wrong = await ask()
    if (wrong.length === 0 || performance.now() > end) return wrong
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}
