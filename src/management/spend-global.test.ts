import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  DAY,
  keyOf,
  type LedgerStage,
  ledgerStage,
  NOON,
  personOf,
  type Row,
  twoTeams,
} from '../../test/support/ledger.ts'
import { hasPostgres, startPostgres } from '../../test/support/postgres.ts'
import { nanoToUsd } from '../core/money.ts'
import { Secret } from '../core/secret.ts'
import { openStore } from '../store/open-store.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { customerActivity, tagActivity, teamActivity, userActivity } from './activity.ts'
import { globalActivity, globalActivityByModel } from './activity-global.ts'
import {
  globalSpend,
  globalSpendEndUsers,
  globalSpendLogs,
  globalSpendModels,
  globalSpendProviders,
  globalSpendTags,
  globalSpendTeams,
  spendTags,
} from './spend-global.ts'
import { globalSpendKeys } from './spend-global-keys.ts'
import { spendLogs } from './spend-logs.ts'
import { dayText } from './spend-range.ts'
import { globalSpendReport } from './spend-report.ts'

const DATES = { start_date: '2026-01-01', end_date: '2026-01-10' }
const USERS = ['rita', 'raul', 'bob'] as const
const MODELS = ['gpt-4o-mini', 'gpt-4o', 'claude'] as const
const TAGS = ['red', 'green', '100%', "o'neil", '"quoted"'] as const

interface Known {
  readonly date: string
  readonly charge: bigint
  readonly user: string
  readonly model: string
  readonly tags: readonly string[]
  readonly tokens: number
  /** The last attempt of its call. */
  readonly isLast: boolean
  readonly isAnswered: boolean
}

/** A thousand attempts with charges up to the largest that a number of dollars can still tell apart, and beyond. */
function thousand(): { readonly rows: readonly Row[]; readonly known: readonly Known[] } {
  const random = seededRandom(7)
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)] as Item
  const rows: Row[] = []
  const known: Known[] = []
  for (let call = 0; rows.length < 1_000; call++) {
    const user = pick(USERS)
    const tags = TAGS.filter(() => random() < 0.4)
    const day = Math.floor(random() * 10)
    const attempts = 1 + Math.floor(random() * 3)
    for (let number = 1; number <= attempts; number++) {
      const charge = BigInt(Math.floor(random() * 1e9)) * BigInt(Math.floor(random() * 1e6)) + 1n
      const isLast = number === attempts
      const isAnswered = isLast && random() < 0.8
      const [model, input, output] = [pick(MODELS), Math.floor(random() * 1e6), Math.floor(random() * 1e5)]
      rows.push({
        call_id: `C${call}`,
        number,
        started_at: NOON - day * DAY + number,
        user_id: user,
        key_id: keyOf(user),
        team_id: user === 'bob' ? 'blue' : 'red',
        end_user: `customer of ${user}`,
        tags: JSON.stringify(tags),
        model,
        provider: model === 'claude' ? 'anthropic' : 'openai',
        charge,
        input_tokens: input,
        output_tokens: output,
        outcome: isAnswered ? 'complete' : 'failed',
      })
      const date = new Date(NOON - day * DAY).toISOString().slice(0, 10)
      known.push({ date, charge, user, model, tags, tokens: input + output, isLast, isAnswered })
    }
  }
  return { rows, known }
}

function usd(known: readonly Known[], is: (one: Known) => boolean = () => true): number {
  return nanoToUsd(known.filter(is).reduce((sum, one) => sum + one.charge, 0n))
}

/** Adds up in binary, as a program would that takes dollars for numbers: to show that the sums are not made so. */
function floatSum(known: readonly Known[]): number {
  return known.reduce((sum, one) => sum + Number(one.charge) / 1e9, 0)
}

const stores = [['SQLite', undefined] as const, ...(hasPostgres() ? [['PostgreSQL', startPostgres] as const] : [])]

describe.each(stores)('a thousand rows in %s', (_, start) => {
  const { rows, known } = thousand()
  const dates = [...new Set(known.map(one => one.date))].sort()
  let stage: LedgerStage
  let stop = async () => {}
  const ask: ReturnType<LedgerStage['as']>['ask'] = (operation, input) => stage.as('proxy_admin').ask(operation, input)

  beforeAll(async () => {
    const server = await start?.()
    stop = async () => server?.stop()
    const url = server && new Secret(await server.database())
    const settings = { poolSize: 2, connectTimeoutMs: 10_000, statementTimeoutMs: 10_000 }
    stage = await ledgerStage(clock =>
      openStore(url ? { kind: 'postgres', url, ...settings } : { kind: 'memory' }, { clock }),
    )
    await twoTeams(stage.store)
    await stage.rows(...rows)
  })
  afterAll(async () => {
    await stage.store.close()
    await stop()
  })

  it('is summed up to the nano-dollar, by everything', async () => {
    expect(floatSum(known)).not.toBe(usd(known))
    expect(await ask(globalSpend)).toEqual({ spend: usd(known), max_budget: null })
    expect(await ask(globalSpendLogs, DATES)).toEqual(
      dates.map(date => ({ date, spend: usd(known, one => one.date === date) })),
    )
    const byModel = MODELS.map(model => ({ model, total_spend: usd(known, one => one.model === model) }))
    expect(await ask(globalSpendModels)).toEqual(byModel.sort((one, other) => other.total_spend - one.total_spend))
    expect(await ask(globalSpendModels, { limit: '1' })).toHaveLength(1)
    expect(await ask(globalSpendProviders, DATES)).toEqual(
      expect.arrayContaining([
        { provider: 'anthropic', spend: usd(known, one => one.model === 'claude') },
        { provider: 'openai', spend: usd(known, one => one.model !== 'claude') },
      ]),
    )
    expect(await ask(globalSpendKeys)).toEqual(
      expect.arrayContaining(
        USERS.map(user => ({
          api_key: keyOf(user),
          key_name: `sk-...${user}`,
          key_alias: `${user}'s 100%_key`,
          total_spend: usd(known, one => one.user === user),
        })),
      ),
    )
    expect(await ask(globalSpendEndUsers, { startTime: '2026-01-01', endTime: '2026-01-10' })).toEqual(
      expect.arrayContaining(
        USERS.map(user => ({
          end_user: `customer of ${user}`,
          total_count: known.filter(one => one.user === user && one.isLast).length,
          total_spend: usd(known, one => one.user === user),
        })),
      ),
    )
    const { teams, total_spend_per_team, daily_spend } = (await ask(globalSpendTeams, DATES)) as {
      teams: string[]
      total_spend_per_team: object[]
      daily_spend: Record<string, unknown>[]
    }
    expect(teams.sort()).toEqual(['Team blue', 'Team red'])
    expect(total_spend_per_team).toContainEqual({
      team_id: 'Team blue',
      total_spend: usd(known, one => one.user === 'bob'),
    })
    expect(daily_spend.map(one => one.date)).toEqual(dates)
    expect(daily_spend[0]?.['Team blue']).toBe(usd(known, one => one.user === 'bob' && one.date === dates[0]))
  })

  it('is summed up by tag, a row with two of them for both', async () => {
    const expected = TAGS.map(tag => ({
      name: tag,
      spend: usd(known, one => one.tags.includes(tag)),
      log_count: known.filter(one => one.isLast && one.tags.includes(tag)).length,
    }))
    const { spend_per_tag } = (await ask(globalSpendTags, DATES)) as { spend_per_tag: object[] }
    expect(spend_per_tag).toEqual(expect.arrayContaining(expected))
    expect(spend_per_tag).toHaveLength(TAGS.length)
    expect(await ask(globalSpendTags, { ...DATES, tags: '100%' })).toEqual({
      spend_per_tag: expected.filter(one => one.name === '100%'),
    })
    expect(await ask(globalSpendTags, { ...DATES, tags: '%' })).toEqual({ spend_per_tag: [] })
    expect(await ask(spendTags, { ...DATES, tags: "o'neil" })).toEqual([
      {
        individual_request_tag: "o'neil",
        log_count: expected[3]?.log_count,
        total_spend: expected[3]?.spend,
      },
    ])
    const { results, metadata } = (await ask(tagActivity, { ...DATES, tags: 'red,green' })) as Activity
    const meant = (one: Known) => one.tags.includes('red') || one.tags.includes('green')
    expect(metadata.total_spend).toBe(usd(known, meant))
    expect(results[0]?.breakdown.entities?.red?.metrics.spend).toBe(
      usd(known, one => one.date === '2026-01-10' && one.tags.includes('red')),
    )
    expect(Object.keys(results[0]?.breakdown.entities ?? {}).sort()).toEqual(['green', 'red'])
  })

  it('counts for tags, teams and customers where a call has one', async () => {
    const { metadata } = (await ask(tagActivity, DATES)) as Activity
    expect(metadata.total_spend).toBe(usd(known, one => one.tags.length > 0))
    const day = { start_date: '2025-12-01', end_date: '2025-12-01' }
    const started_at = Date.UTC(2025, 11, 1, 12)
    await stage.rows({ call_id: 'nobody', started_at, charge: 5n, tags: '[]' }, { call_id: 'no tags', started_at })
    for (const operation of [tagActivity, teamActivity, customerActivity])
      expect(await ask(operation, day)).toMatchObject({ results: [], metadata: { total_api_requests: 0 } })
    expect(await ask(userActivity, day)).toMatchObject({ metadata: { total_api_requests: 2 } })
  })

  it('is counted by call in the daily activity, where each call ended', async () => {
    const { results, metadata } = (await ask(userActivity, DATES)) as Activity
    const last = known.filter(one => one.isLast)
    expect(metadata).toEqual({
      total_spend: usd(known),
      total_prompt_tokens: rows.reduce((sum, one) => sum + Number(one.input_tokens), 0),
      total_completion_tokens: rows.reduce((sum, one) => sum + Number(one.output_tokens), 0),
      total_cache_read_input_tokens: 0,
      total_cache_creation_input_tokens: 0,
      total_tokens: known.reduce((sum, one) => sum + one.tokens, 0),
      total_successful_requests: last.filter(one => one.isAnswered).length,
      total_failed_requests: last.filter(one => !one.isAnswered).length,
      total_api_requests: last.length,
      page: 1,
      total_pages: 1,
      has_more: false,
    })
    expect(results.map(one => one.date)).toEqual([...dates].reverse())
    for (const { date, metrics, breakdown } of results) {
      const day = known.filter(one => one.date === date)
      expect(metrics).toMatchObject({ spend: usd(day), api_requests: day.filter(one => one.isLast).length })
      for (const model of MODELS) {
        const of = day.filter(one => one.model === model)
        const { metrics: all, api_key_breakdown } = breakdown.models?.[model] ?? {}
        expect(all).toMatchObject({ spend: usd(of), successful_requests: of.filter(one => one.isAnswered).length })
        expect(api_key_breakdown?.[keyOf('bob')]?.metrics.spend ?? 0).toBe(usd(of, one => one.user === 'bob'))
      }
      expect(breakdown.api_keys?.[keyOf('rita')]).toMatchObject({
        metrics: { spend: usd(day, one => one.user === 'rita') },
        metadata: { key_alias: "rita's 100%_key", team_id: 'red' },
      })
      expect(breakdown.endpoints?.['/chat/completions']?.metrics.spend).toBe(usd(day))
      expect(breakdown.model_groups?.fast?.metrics.spend).toBe(usd(day))
      expect(breakdown.entities?.bob?.metrics.spend).toBe(usd(day, one => one.user === 'bob'))
    }
  })

  it('has pages of days that add up to the whole', async () => {
    let spend = 0n
    const seen: string[] = []
    for (let page = 1; page <= 4; page++) {
      const { results, metadata } = (await ask(teamActivity, {
        ...DATES,
        page: String(page),
        page_size: '3',
      })) as Activity
      expect(metadata).toMatchObject({ page, total_pages: 4, has_more: page < 4 })
      seen.push(...results.map(one => one.date))
      spend += known
        .filter(one => results.some(day => day.date === one.date))
        .reduce((sum, one) => sum + one.charge, 0n)
      expect(metadata.total_spend).toBe(usd(known, one => results.some(day => day.date === one.date)))
    }
    expect(seen).toEqual([...dates].reverse())
    expect(nanoToUsd(spend)).toBe(usd(known))
  })

  it('shows whoever leads a team the team, others themselves, and of other teams nothing', async () => {
    const total = async (user: string, input: object = {}) =>
      ((await stage.as(personOf(user)).ask(teamActivity, { ...DATES, ...input })) as Activity).metadata.total_spend
    expect(await total('rita')).toBe(usd(known, one => one.user !== 'bob'))
    expect(await total('raul')).toBe(usd(known, one => one.user === 'raul'))
    expect(await total('rita', { team_ids: 'red' })).toBe(usd(known, one => one.user !== 'bob'))
    await expect(total('rita', { team_ids: 'red,blue' })).rejects.toMatchObject({ kind: 'not_found' })
    await expect(total('raul', { team_ids: 'red' })).rejects.toMatchObject({ kind: 'not_found' })
    const tags = (await stage.as(personOf('raul')).ask(tagActivity, DATES)) as Activity
    expect(tags.metadata.total_spend).toBe(usd(known, one => one.user === 'raul' && one.tags.length > 0))
    for (const operation of [globalSpend, globalSpendKeys, globalSpendReport, globalActivity, customerActivity])
      await expect(stage.as(personOf('rita')).ask(operation)).rejects.toMatchObject({ kind: 'forbidden' })
  })

  it('is reported by team and day, and counted by model', async () => {
    const report = (await ask(globalSpendReport, DATES)) as {
      group_by_day: string
      teams: { team_name: string; total_spend: number; metadata: { model: string; api_key: string; spend: number }[] }[]
    }[]
    expect(report.map(one => one.group_by_day)).toEqual(dates)
    const red = report[0]?.teams.find(one => one.team_name === 'Team red')
    const first = known.filter(one => one.date === dates[0] && one.user !== 'bob')
    expect(red?.total_spend).toBe(usd(first))
    expect(red?.metadata).toContainEqual(
      expect.objectContaining({
        model: 'claude',
        api_key: keyOf('raul'),
        spend: usd(first, one => one.user === 'raul' && one.model === 'claude'),
      }),
    )
    expect(await ask(globalSpendReport, { ...DATES, group_by: 'customer', customer_id: 'nobody' })).toEqual([])
    const activity = (await ask(globalActivity, DATES)) as { sum_api_requests: number; sum_total_tokens: number }
    expect(activity).toMatchObject({
      sum_api_requests: known.filter(one => one.isLast).length,
      sum_total_tokens: known.reduce((sum, one) => sum + one.tokens, 0),
    })
    const models = (await ask(globalActivityByModel, DATES)) as { model: string; sum_api_requests: number }[]
    expect(models.map(one => one.model).sort()).toEqual([...MODELS].sort())
    expect(models.reduce((sum, one) => sum + one.sum_api_requests, 0)).toBe(activity.sum_api_requests)
    expect(await ask(spendLogs, { ...DATES, user_id: 'bob' })).toContainEqual(
      expect.objectContaining({
        startTime: dates[3],
        spend: usd(known, one => one.user === 'bob' && one.date === dates[3]),
      }),
    )
  })

  it("is one key's also when it was spent before the key was regenerated", async () => {
    const [before, after, started_at] = [keyOf('first'), keyOf('second'), NOON - 100 * DAY]
    await stage.rows(
      { call_id: 'R1', key_id: before, started_at, charge: 2_000_000_000n },
      { call_id: 'R2', key_id: after, started_at, charge: 1_000_000_000n },
      { call_id: 'R3', key_id: keyOf('gone'), started_at, charge: 2_500_000_000n },
    )
    const data = JSON.stringify({ budget_subject: before })
    const dates = { created_at: NOON, created_by: null, updated_at: NOON, updated_by: null }
    const nobody = { user_id: null, team_id: null, organization_id: null, plan_id: null, expires_at: null, blocked: 0 }
    const row = { id: after, name: 'sk-...2', alias: 'renewed', data, ...nobody, ...dates }
    await stage.store.db.insertInto('keys').values(row).execute()
    const day = dayText(started_at / DAY)
    const spent = await ask(globalSpendKeys, { start_date: day, end_date: day })
    expect(spent).toEqual([
      { api_key: after, key_name: 'sk-...2', key_alias: 'renewed', total_spend: 3 },
      { api_key: keyOf('gone'), key_name: null, key_alias: null, total_spend: 2.5 },
    ])
  })
})

interface Part {
  readonly metrics: Record<string, number>
  readonly api_key_breakdown?: Record<string, Part>
}

interface Activity {
  readonly results: readonly {
    readonly date: string
    readonly metrics: Record<string, number>
    readonly breakdown: Record<string, Record<string, Part> | undefined>
  }[]
  readonly metadata: Record<string, number>
}
