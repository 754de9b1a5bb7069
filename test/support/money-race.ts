import type { JsonObject } from '../../src/core/json.ts'
import { seededRandom, startUpstream, type Upstream, type UpstreamRequest } from '../../src/testing/index.ts'
import { audit, MoneyOracle, priceOf } from './money-oracle.ts'
import { nano } from './oracle.ts'
import type { RawAnswer } from './raw.ts'
import { errorOf } from './raw.ts'
import { readLedger } from './read-ledger.ts'
import { Replicas, type ReplicasOptions } from './replicas.ts'
import { fresh, type Stage } from './stage.ts'
import { modelList } from './yaml.ts'

/** What the answers of a race cost: all that is held for each, so that as many are answered as are paid for; or less. */
type Costs = 'all' | 'less'

/** No whole nano-dollars per token, so that each price is rounded. */
const PRICES = { all: priceOf(0n, 12_345_678_900n), less: priceOf(1_234_567_800n, 9_876_543_210n) } as const

/** Documented: a token is at least one byte of the request, and 256 may come on top. */
const BEYOND_BYTES = 256

/** One repetition: ten times as many calls as a budget pays for, all at once. */
export interface Race {
  /** So many calls are paid for, at their worst prices. */
  readonly pays: number
  readonly costs: Costs
  readonly maxTokens: number
  /** `key`: one key with the budget. `both`: a team with it, whose two keys have twice as much each. */
  readonly budget: 'key' | 'both'
  /** A budget that begins again after an hour. */
  readonly hourly: boolean
  readonly streamed: boolean
  /** In the middle, one replica is killed and started again. */
  readonly kills: boolean
}

/** Races of all kinds, the same for the same seed. */
export function races(count: number, seed: number, kills = false): Race[] {
  const random = seededRandom(seed)
  const flip = () => random() < 0.5
  return Array.from({ length: count }, (_, index) => ({
    pays: index % ONE_IN === ONE_IN - 1 ? LARGEST : (SIZES[Math.floor(random() * SIZES.length)] ?? 5),
    costs: flip() ? 'all' : 'less',
    maxTokens: 1 + Math.floor(random() * 90),
    budget: flip() ? 'key' : 'both',
    hourly: flip(),
    streamed: flip(),
    kills,
  }))
}

/** Small ones often: each has ten times as many calls. */
const SIZES = [5, 8, 6, 12, 5, 9, 7, 15, 6, 10, 5, 20, 8, 30, 7] as const
const LARGEST = 60
/** One race of so many is of the largest. */
const ONE_IN = 25

/** What became of a race. */
export interface Outcome {
  readonly race: Race
  readonly limit: bigint
  /** The worst price of a call. */
  readonly held: bigint
  /** What the upstream has billed: in the first rush, and in all. */
  readonly rushed: bigint
  readonly bill: bigint
  /** Calls that were answered. */
  readonly answered: number
  /** Waves that were refused although there was enough that nobody had spent: others had it under lease still. */
  readonly early: number
  /** 503: the store did not answer in time. */
  readonly unavailable: number
  /** Everything else than an answer or a refusal; nothing, where nobody is killed. */
  readonly odd: readonly string[]
}

/** Replicas, an upstream that bills, and races over them. */
export class MoneyRace {
  readonly replicas: Replicas
  readonly #place: string
  readonly #upstream: Upstream
  readonly #oracles: Readonly<Record<Costs, MoneyOracle>>
  readonly #run: Ran[] = []
  #turn = 0

  private constructor(replicas: Replicas, place: string, upstream: Upstream) {
    this.replicas = replicas
    this.#place = place
    this.#upstream = upstream
    this.#oracles = { all: new MoneyOracle(upstream, PRICES.all), less: new MoneyOracle(upstream, PRICES.less) }
  }

  static async open(stage: Stage, options: Omit<ReplicasOptions, 'models'>): Promise<MoneyRace> {
    const random = seededRandom(7)
    const upstream = await startUpstream({
      usage: request => usageOf(request, random),
      chunks: 3,
      answer: async ({ prompt }) => {
        await new Promise(resolve => setTimeout(resolve, random() * 40))
        return `this is for ${prompt}`
      },
    })
    stage.later(() => upstream.stop())
    const models = modelList(
      ...(['all', 'less'] as const).map(pool => ({
        pool,
        model: `openai/gpt-${pool}`,
        baseUrl: upstream.baseUrl,
        ...pick(PRICES[pool]),
      })),
    )
    const replicas = await Replicas.start(stage, { ...options, models })
    return new MoneyRace(replicas, options.database ?? replicas.file ?? '', upstream)
  }

  /** One repetition with a fresh key; its overshoot is what `bill` passes `limit` by. */
  async run(race: Race): Promise<Outcome> {
    const mark = fresh('race-')
    const body = bodyOf(race, mark)
    const held = heldFor(race, body)
    // What is left in the end does not pay for a call.
    const limit = held * BigInt(race.pays) + (race.costs === 'all' ? held - 1n : 0n)
    const { keys, ...places } = await this.#keys(race, limit)
    const tally = new Tally()
    const call = async (index: number) => {
      const key = keys[index % keys.length] ?? ''
      tally.add(await this.#chat(this.#turn++, key, streams(race, index) ? { ...body, stream: true } : body))
    }
    const rush = Promise.all(Array.from({ length: race.pays * 10 }, (_, index) => call(index)))
    if (race.kills) await this.#accident(mark)
    await rush
    const oracle = this.#oracles[race.costs]
    const rushed = oracle.billOf(mark)
    const isLeft = () => limit - oracle.billOf(mark) >= held
    const early = race.kills ? 0 : await this.#buyTheRest({ call, tally, isLeft })
    this.#run.push({ race, mark, limit, ...places })
    return { race, limit, held, rushed, bill: oracle.billOf(mark), early, ...tally.shown(race.kills) }
  }

  /** Waits until the management API tells what a race has cost; gives what it tells at the end. */
  async spendToldOf(index: number): Promise<{ readonly told: bigint; readonly bill: bigint }> {
    const run = this.#run[index]
    if (!run) throw new Error('no such race')
    const bill = this.#oracles[run.race.costs].billOf(run.mark)
    let told = -1n
    for (const end = Date.now() + PATIENCE_MS; told !== bill && Date.now() < end; ) {
      told = await this.#told(run)
      if (told !== bill) await new Promise(resolve => setTimeout(resolve, 50))
    }
    return { told, bill }
  }

  /** Stops all, and compares the books of all races with the upstream's bills. Gives all that is wrong. */
  async close(): Promise<{ readonly wrong: readonly string[]; readonly exits: readonly (number | null)[] }> {
    const exits = await this.replicas.stop()
    const ledger = await readLedger(this.#place)
    const wrong = this.#run.flatMap(({ race, mark, ...run }) =>
      audit({ ...run, ledger, attempts: this.#oracles[race.costs].attempts(mark), killed: race.kills }),
    )
    for (const { id, leased } of ledger.budgets) if (leased !== 0n) wrong.push(`${id} has ${leased} under lease still`)
    return { wrong, exits }
  }

  /** Wave after wave, one call at each replica, while anything is left that pays for one. Gives how many came too early. */
  async #buyTheRest({ call, tally, isLeft }: Rest): Promise<number> {
    let early = 0
    for (const end = Date.now() + PATIENCE_MS; isLeft() && Date.now() < end; ) {
      const { answered, unavailable } = tally
      await Promise.all(this.replicas.all.map((_, index) => call(index)))
      // A busy machine may not find the time to answer: it is asked again a little later.
      if (tally.unavailable > unavailable) await new Promise(resolve => setTimeout(resolve, 250))
      else if (tally.answered === answered) early++
    }
    return early
  }

  async #keys(race: Race, limit: bigint): Promise<Places & { readonly keys: readonly string[] }> {
    const at = this.#turn++
    const period: JsonObject = race.hourly ? { budget_duration: '1h' } : {}
    const make = async (fields: JsonObject) => {
      const { key, token } = await this.replicas.manage('/key/generate', { ...fields, ...period }, at)
      return { key: String(key), token: String(token) }
    }
    if (race.budget === 'key') {
      const { key, token } = await make({ max_budget: usd(limit) })
      const info = { path: `/key/info?key=${token}`, field: 'info' }
      return { keys: [key], keyIds: [token], budgetId: `key|${token}`, info }
    }
    const { team_id } = await this.replicas.manage('/team/new', { max_budget: usd(limit), ...period }, at)
    const one = await make({ team_id: String(team_id), max_budget: usd(limit * 2n) })
    const other = await make({ team_id: String(team_id), max_budget: usd(limit * 2n) })
    const info = { path: `/team/info?team_id=${String(team_id)}`, field: 'team_info' }
    return { keys: [one.key, other.key], keyIds: [one.token, other.token], budgetId: `team|${String(team_id)}`, info }
  }

  async #chat(turn: number, key: string, body: object): Promise<RawAnswer | undefined> {
    const replica = this.replicas.at(turn)
    if (!replica.isRunning) return undefined
    return replica.chat(key, body).catch(() => undefined)
  }

  async #accident(mark: string): Promise<void> {
    const { all } = this.replicas
    const end = Date.now() + PATIENCE_MS
    while (!this.#upstream.log.some(({ prompt }) => prompt === mark) && Date.now() < end)
      await new Promise(resolve => setTimeout(resolve, 2))
    const victim = this.replicas.at(this.#turn % all.length)
    await victim.kill()
    await victim.start()
  }

  async #told({ info }: Ran): Promise<bigint> {
    const answer = (await this.replicas.manage(info.path, undefined, this.#turn++)) as Record<string, JsonObject>
    return nano(Number(answer[info.field]?.spend))
  }
}

/** Long: who waits for it in vain has failed. */
const PATIENCE_MS = 60_000

interface Rest {
  readonly call: (index: number) => Promise<void>
  readonly tally: Tally
  /** Whether what is left pays for a call. */
  readonly isLeft: () => boolean
}

interface Ran extends Places {
  readonly race: Race
  readonly mark: string
  readonly limit: bigint
}

/** Where a race is written down. */
interface Places {
  readonly keyIds: readonly string[]
  readonly budgetId: string
  /** Where the management API tells what is spent. */
  readonly info: { readonly path: string; readonly field: string }
}

/** Counts how calls ended. */
class Tally {
  answered = 0
  unavailable = 0
  readonly #odd: string[] = []

  add(answer: RawAnswer | undefined): void {
    if (!answer) this.#odd.push('a connection broke off')
    else if (isWhole(answer)) this.answered++
    else if (answer.status === 429 && errorOf(answer).code === 'insufficient_quota') return
    else if (answer.status === 503 && errorOf(answer).code === 'budget_store_unavailable') this.unavailable++
    else this.#odd.push(`${answer.status} ${answer.text}`)
  }

  /** @param kills connections break off then. */
  shown(kills: boolean): Pick<Outcome, 'answered' | 'unavailable' | 'odd'> {
    return { answered: this.answered, unavailable: this.unavailable, odd: kills ? [] : this.#odd }
  }
}

function isWhole({ status, headers, text }: RawAnswer): boolean {
  if (status !== 200) return false
  return !headers['content-type']?.includes('event-stream') || text.endsWith('data: [DONE]\n\n')
}

function streams({ streamed }: Race, index: number): boolean {
  return streamed && index % 2 === 1
}

/** Not streamed; a streamed one is longer, and nothing but its output costs in races where all that is held is spent. */
function bodyOf({ costs, maxTokens }: Race, mark: string): JsonObject {
  return { model: costs, messages: [{ role: 'user', content: mark }], max_tokens: maxTokens }
}

/** The worst price of the dearest call of a race. */
function heldFor(race: Race, body: JsonObject): bigint {
  const sent = JSON.stringify(race.streamed ? { ...body, stream: true } : body)
  const tokens = { inputTokens: Buffer.byteLength(sent) + BEYOND_BYTES, outputTokens: race.maxTokens }
  const { input, output } = PRICES[race.costs].rates
  const total = BigInt(tokens.inputTokens) * input + BigInt(tokens.outputTokens) * output
  return (total + 999_999n) / 1_000_000n
}

/** As many tokens as may come, where input costs nothing; else any number within what was asked. */
function usageOf({ model, body }: UpstreamRequest, random: () => number) {
  const most = Number(body.max_tokens)
  if (model === 'gpt-all') return { inputTokens: 1 + Math.floor(random() * 500), outputTokens: most }
  return { inputTokens: 1 + Math.floor(random() * 90), outputTokens: Math.floor(random() * (most + 1)) }
}

function pick({ input, output }: { readonly input: string; readonly output: string }) {
  return { input, output }
}

/** Dollars in plain digits: numbers of JSON are floats. */
function usd(amount: bigint): number {
  return Number(amount) / 1e9
}
