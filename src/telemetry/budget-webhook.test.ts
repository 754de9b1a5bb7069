import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { BudgetState } from '../core/budget.ts'
import type { Clock } from '../core/clock.ts'
import { Secret } from '../core/secret.ts'
import { budgetWebhook } from './budget-webhook.ts'

const budget: BudgetState = {
  id: 'team|search',
  level: 'team',
  subject: 'search',
  name: 'Search',
  period: 'month',
  limit: 50_000_000_000n,
  softLimit: 40_000_000_000n,
  spent: 40_125_000_000n,
  leased: 0n,
  windowStart: Date.UTC(2026, 10),
  resetsAt: Date.UTC(2026, 11),
}

/** Waits between tries are over at once, limits of single tries never. */
const hasty: Clock = {
  now: () => 0,
  monotonic: () => 0,
  after: (delay, action) => {
    const handle = delay < 5_000 ? setImmediate(action) : undefined
    return { cancel: () => handle && clearImmediate(handle) }
  },
}

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

interface Got {
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
}

async function receiver(statuses: readonly number[]) {
  const got: Got[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    got.push({ headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString()) })
    const status = statuses[Math.min(got.length, statuses.length) - 1] ?? 200
    response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end('thanks')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => server.close())
  const { port } = server.address() as AddressInfo
  const warnings: string[] = []
  const settings = {
    url: new Secret(`http://127.0.0.1:${port}/hook-token-1`),
    headers: { 'x-token': new Secret('hush') },
  }
  const webhook = budgetWebhook(settings, { clock: hasty, warn: text => warnings.push(text) })
  return { got, warnings, webhook, server }
}

describe('the webhook for budgets', () => {
  it('is told which limit was passed, once', async () => {
    const { got, warnings, webhook } = await receiver([200])
    webhook.tell({ budget, what: 'soft' })
    await webhook.idle()
    expect(warnings).toEqual([])
    expect(got).toHaveLength(1)
    expect(got[0]?.headers).toMatchObject({ 'x-token': 'hush', 'content-type': 'application/json' })
    expect(got[0]?.body).toEqual({
      event: 'soft_budget_crossed',
      event_message: 'team Search has spent $40.125, its soft limit is $40.00',
      level: 'team',
      subject: 'search',
      name: 'Search',
      model: null,
      period: 'month',
      spend: 40.125,
      soft_budget: 40,
      max_budget: 50,
      resets_at: '2026-12-01T00:00:00.000Z',
    })
  })

  it('is tried three times while it cannot take it', async () => {
    const { got, warnings, webhook } = await receiver([503, 429, 200])
    webhook.tell({ budget, what: 'limit' })
    await webhook.idle()
    expect(got).toHaveLength(3)
    expect(warnings).toEqual([])
  })

  it.each([[404], [302]])('is not tried again when it says %d', async status => {
    const { got, warnings, webhook } = await receiver([status])
    webhook.tell({ budget, what: 'limit' })
    await webhook.idle()
    expect(got).toHaveLength(1)
    expect(warnings[0]).toMatch(/^a budget alert was not delivered to http:\/\/127.0.0.1:\d+: it answered \d+$/)
  })

  it('is given up when nobody is there, without telling its path', async () => {
    const { warnings, webhook, server } = await receiver([200])
    await new Promise(resolve => server.close(resolve))
    webhook.tell({ budget, what: 'limit' })
    await webhook.idle()
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).not.toContain('hook-token')
  })

  it('takes a hundred at once, and drops the rest', async () => {
    const { got, warnings, webhook } = await receiver([200])
    for (let i = 0; i < 101; i++) webhook.tell({ budget, what: 'limit' })
    expect(warnings).toEqual(['a budget alert was dropped: 100 wait for the webhook already'])
    await webhook.idle()
    expect(got).toHaveLength(100)
  })
})
