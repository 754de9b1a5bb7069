import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DAY, HOUR, keyOf, type LedgerStage, ledgerStage, NOON, personOf, twoTeams } from '../../test/support/ledger.ts'
import { spendLogs, spendLogsInPages } from './spend-logs.ts'

let stage: LedgerStage
beforeEach(async () => {
  stage = await ledgerStage()
})
afterEach(() => stage.store.close())

const raw = { summarize: 'false' }

describe('GET /spend/logs', () => {
  it('makes one row of the attempts of a call, with all that they cost', async () => {
    await twoTeams(stage.store)
    const who = { key_id: keyOf('raul'), user_id: 'raul', team_id: 'red', end_user: 'customer-1', tags: '["a","b"]' }
    const call = { call_id: 'C1', requested_pool: 'auto', ...who }
    await stage.rows(
      { ...call, number: 1, purpose: 'classify', charge: 7n, input_tokens: 3, output_tokens: 1, model: 'small' },
      { ...call, number: 2, charge: 0n, outcome: 'failed', failure: 'overloaded', started_at: NOON + 10 },
      {
        ...call,
        number: 3,
        charge: 100n,
        outcome: 'failed',
        failure: 'timed_out',
        started_at: NOON + 20,
        estimated: 1,
      },
      {
        ...call,
        number: 4,
        pool: 'capable',
        model: 'claude',
        provider: 'anthropic',
        deployment_id: 'd-2',
        charge: 1_234_567_890n,
        cost: 1_000_000_000n,
        input_tokens: 1_000,
        output_tokens: 500,
        cache_read_tokens: 40,
        started_at: NOON + 30,
        ended_at: NOON + 5_000,
        first_ms: 250.5,
        session_id: 's',
        trace_id: 't',
        metadata: '{"project":"x"}',
      },
    )
    const [row, ...others] = (await stage.as('proxy_admin').ask(spendLogs)) as [Record<string, unknown>]
    expect(others).toEqual([])
    const { metadata, ...fields } = row
    expect(fields).toEqual({
      request_id: 'C1',
      call_type: 'acompletion',
      api_key: keyOf('raul'),
      spend: 1.234567997,
      total_tokens: 1_504,
      prompt_tokens: 1_003,
      completion_tokens: 501,
      startTime: '2026-01-10T12:00:00.000Z',
      endTime: '2026-01-10T12:00:05.000Z',
      completionStartTime: '2026-01-10T12:00:00.280Z',
      model: 'claude',
      model_id: 'd-2',
      model_group: 'capable',
      custom_llm_provider: 'anthropic',
      api_base: 'https://api.openai.com/v1',
      user: 'raul',
      end_user: 'customer-1',
      team_id: 'red',
      organization_id: null,
      cache_hit: 'False',
      cache_key: null,
      request_tags: ['a', 'b'],
      requester_ip_address: null,
      messages: {},
      response: {},
      proxy_server_request: {},
      session_id: 's',
      status: 'success',
      agent_id: null,
      mcp_namespaced_tool_name: null,
    })
    expect(metadata).toMatchObject({
      attempted_fallbacks: 1,
      attempted_retries: 1,
      original_model_group: 'auto',
      user_api_key_alias: "raul's 100%_key",
      spend_logs_metadata: { project: 'x' },
      trace_id: 't',
    })
    const { attempts } = metadata as { attempts: readonly object[] }
    expect(attempts).toHaveLength(4)
    expect(attempts[2]).toMatchObject({
      id: 'C1-3',
      outcome: 'failed',
      error: 'timed_out',
      spend: 1e-7,
      estimated: true,
    })
    expect(attempts[3]).toMatchObject({ spend: 1.23456789, cost: 1, cache_read_input_tokens: 40 })
  })

  it('adds corrections to the call that they correct', async () => {
    await stage.rows(
      { call_id: 'C1', charge: 100n },
      { call_id: 'C1', id: 'fix', number: 1, purpose: 'correction', charge: 5n, started_at: NOON + HOUR },
    )
    expect(await stage.as('proxy_admin').ask(spendLogs)).toMatchObject([{ request_id: 'C1', spend: 1.05e-7 }])
  })

  it('gives the latest calls first, at most a thousand', async () => {
    await stage.rows(
      ...Array.from({ length: 1_003 }, (_, n) => ({ call_id: `C${n}`, started_at: NOON + n, charge: 1n })),
    )
    const rows = (await stage.as('proxy_admin_viewer').ask(spendLogs)) as { request_id: string }[]
    expect(rows).toHaveLength(1_000)
    expect(rows[0]?.request_id).toBe('C1002')
  })

  it('counts a call that began before midnight and went on after it in one day only', async () => {
    const midnight = Date.UTC(2026, 0, 10)
    await stage.rows(
      { call_id: 'C1', number: 1, started_at: midnight - 1, charge: 3n, outcome: 'failed' },
      { call_id: 'C1', number: 2, started_at: midnight + 1, charge: 4n },
    )
    const admin = stage.as('proxy_admin')
    const before = await admin.ask(spendLogs, { ...raw, start_date: '2026-01-09', end_date: '2026-01-09' })
    expect(before).toMatchObject([{ request_id: 'C1', spend: 7e-9 }])
    expect(await admin.ask(spendLogs, { ...raw, start_date: '2026-01-10', end_date: '2026-01-10' })).toEqual([])
  })

  it('sums up per day, the days without spending included', async () => {
    await stage.rows(
      { call_id: 'C1', user_id: 'ann', charge: 1n, started_at: NOON - 2 * DAY },
      { call_id: 'C2', user_id: 'ann', charge: 2n, started_at: Date.UTC(2026, 0, 10) - 1, model: 'claude' },
      { call_id: 'C3', user_id: 'bob', charge: 4n, started_at: Date.UTC(2026, 0, 10) },
      { call_id: 'C4', charge: 8n, started_at: Date.UTC(2026, 0, 11) },
    )
    const dates = { start_date: '2026-01-07', end_date: '2026-01-10' }
    expect(await stage.as('proxy_admin').ask(spendLogs, dates)).toEqual([
      { startTime: '2026-01-07', spend: 0, users: {}, models: {} },
      { startTime: '2026-01-08', spend: 1e-9, users: { ann: 1e-9 }, models: { 'gpt-4o-mini': 1e-9 } },
      { startTime: '2026-01-09', spend: 2e-9, users: { ann: 2e-9 }, models: { claude: 2e-9 } },
      { startTime: '2026-01-10', spend: 4e-9, users: { bob: 4e-9 }, models: { 'gpt-4o-mini': 4e-9 } },
    ])
  })

  it('takes a key or its id, a user, a request', async () => {
    const key = 'sk-this-is-the-key-of-somebody'
    await stage.rows(
      { call_id: 'C1', key_id: stage.keyHash.idOf(key), user_id: 'ann' },
      { call_id: 'C2', user_id: 'ann' },
      { call_id: 'C3', user_id: 'bob' },
    )
    const ids = async (input: object) =>
      ((await stage.as('proxy_admin').ask(spendLogs, input)) as { request_id: string }[])
        .map(one => one.request_id)
        .sort()
    expect(await ids({ api_key: key })).toEqual(['C1'])
    expect(await ids({ api_key: stage.keyHash.idOf(key) })).toEqual(['C1'])
    expect(await ids({ user_id: 'ann' })).toEqual(['C1', 'C2'])
    expect(await ids({ request_id: 'C3' })).toEqual(['C3'])
    expect(await ids({ user_id: "' or 1=1 --" })).toEqual([])
    expect(await ids({ request_id: '%' })).toEqual([])
  })

  it.each([
    [{ start_date: '2026-02-31' }, 'start_date'],
    [{ start_date: 'yesterday' }, 'start_date'],
    [{ start_date: '2026-01-10', end_date: '2026-01-09' }, 'start_date'],
    [{ start_date: '2020-01-01', end_date: '2026-01-09' }, '400 days'],
    [{ summarize: 'perhaps' }, 'summarize'],
    [{ unknown: 'x' }, 'unknown'],
    [{ user_id: '' }, 'user_id'],
  ])('refuses %j', async (input, told) => {
    await expect(stage.as('proxy_admin').ask(spendLogs, input)).rejects.toMatchObject({
      kind: 'invalid_request',
      message: expect.stringContaining(told),
    })
  })
})

describe('GET /spend/logs/v2', () => {
  it('gives pages that together hold every call once', async () => {
    await stage.rows(
      ...Array.from({ length: 57 }, (_, n) => ({ call_id: `C${n}`, started_at: NOON - (n % 5), charge: 1n })),
    )
    const seen: string[] = []
    for (let page = 1; page <= 3; page++) {
      const answer = await stage.as('proxy_admin').ask(spendLogsInPages, { page: String(page), page_size: '20' })
      expect(answer).toMatchObject({ total: 57, page, page_size: 20, total_pages: 3 })
      seen.push(...(answer as { data: { request_id: string }[] }).data.map(one => one.request_id))
    }
    expect(new Set(seen).size).toBe(57)
    expect(seen).toHaveLength(57)
  })

  it('filters by what is true of the call as a whole', async () => {
    await twoTeams(stage.store)
    await stage.rows(
      { call_id: 'C1', number: 1, charge: 3n, outcome: 'failed', model: 'claude', end_user: 'x' },
      { call_id: 'C1', number: 2, charge: 4n, deployment_id: 'd-2', end_user: 'x' },
      { call_id: 'C2', charge: 5n, outcome: 'failed', team_id: 'red', key_id: keyOf('raul') },
      { call_id: 'C3', charge: 2_000_000_000n, outcome: 'abandoned' },
    )
    const ids = async (input: object) => {
      const { data } = (await stage.as('proxy_admin').ask(spendLogsInPages, input)) as {
        data: { request_id: string }[]
      }
      return data.map(one => one.request_id).sort()
    }
    expect(await ids({ status_filter: 'success' })).toEqual(['C1'])
    expect(await ids({ status_filter: 'failure' })).toEqual(['C2', 'C3'])
    expect(await ids({ min_spend: '0.000000006' })).toEqual(['C1', 'C3'])
    expect(await ids({ min_spend: '0.000000006', max_spend: '1' })).toEqual(['C1'])
    expect(await ids({ model: 'claude' })).toEqual(['C1'])
    expect(await ids({ model_id: 'd-2' })).toEqual(['C1'])
    expect(await ids({ end_user: 'x' })).toEqual(['C1'])
    expect(await ids({ team_id: 'red' })).toEqual(['C2'])
    expect(await ids({ key_alias: "RAUL'S 100%_" })).toEqual(['C2'])
    expect(await ids({ key_alias: '%' })).toEqual(['C2'])
    expect(await ids({ key_alias: 's_100' })).toEqual([])
    expect(await ids({ key_alias: '\\' })).toEqual([])
    expect(await ids({ key_alias: '%'.repeat(256) })).toEqual([])
  })
})

describe('who sees which calls', () => {
  beforeEach(async () => {
    await twoTeams(stage.store)
    await stage.rows(
      ...(['rita', 'raul', 'bob'] as const).map(user => ({
        call_id: user,
        key_id: keyOf(user),
        user_id: user,
        team_id: user === 'bob' ? 'blue' : 'red',
        charge: 1n,
      })),
      { call_id: 'nobody', key_id: 'service', charge: 1n },
    )
  })

  const seen = async (userId: string, input: object = {}) => {
    const { data, total } = (await stage.as(personOf(userId)).ask(spendLogsInPages, input)) as {
      data: { request_id: string }[]
      total: number
    }
    expect(total).toBe(data.length)
    return data.map(one => one.request_id).sort()
  }

  it('shows whoever leads a team the team, others themselves', async () => {
    expect(await seen('rita')).toEqual(['raul', 'rita'])
    expect(await seen('raul')).toEqual(['raul'])
    expect(await seen('bob')).toEqual(['bob'])
    expect(await seen('rita', { user_id: 'raul' })).toEqual(['raul'])
    expect(await seen('rita', { api_key: keyOf('raul'), team_id: 'red' })).toEqual(['raul'])
    expect(await seen('raul', { request_id: 'bob' })).toEqual([])
  })

  it('shows a key without a user itself', async () => {
    const caller = { ...personOf('x'), keyId: 'service' }
    const { userId: _, ...service } = caller
    expect(await stage.as(service).ask(spendLogs)).toMatchObject([{ request_id: 'nobody' }])
  })

  it.each([
    ['rita', { user_id: 'bob' }],
    ['rita', { user_id: 'nobody-at-all' }],
    ['rita', { team_id: 'blue' }],
    ['rita', { team_id: 'none' }],
    ['rita', { api_key: keyOf('bob') }],
    ['rita', { api_key: 'sk-unknown' }],
    ['raul', { user_id: 'rita' }],
    ['raul', { team_id: 'red' }],
    ['raul', { api_key: keyOf('rita') }],
  ])('R23 tells %s of %j only that there is none', async (userId, input) => {
    await expect(stage.as(personOf(userId)).ask(spendLogsInPages, input)).rejects.toMatchObject({ kind: 'not_found' })
  })

  it.each(['team', 'customer'] as const)('refuses the role %s', async role => {
    await expect(stage.as(role).ask(spendLogs)).rejects.toMatchObject({ kind: 'forbidden' })
  })
})
