import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPeriod } from '../../core/period.ts'
import { formatFinding } from '../finding.ts'
import { type LoadOptions, loadConfig } from '../load-config.ts'

function load(text: string, options: LoadOptions = {}) {
  const { settings, findings } = loadConfig({ text }, { env: {}, tolerant: true, serves: true, ...options })
  return {
    ...settings,
    lines: findings.filter(one => one.path !== 'model_list').map(one => `${one.severity} ${formatFinding(one)}`),
  }
}

describe('money', () => {
  it('has defaults that lose none', () => {
    const { money, lines } = load('')
    expect(money).toEqual({
      budgets: [],
      unpriced: 'refuse',
      whenShort: 'refuse',
      whenAway: 'refuse',
      leaseMs: 10_000,
      journal: '.tollgate/journal',
      backlog: { rows: 10_000, bytes: 32 * 1024 * 1024 },
    })
    expect(lines).toEqual([])
  })

  it('is kept as tollgate_settings.budgets says', () => {
    const { money, lines } = load(
      `tollgate_settings:
  budgets:
    unpriced: 0.05
    output_cap: 1000
    when_short: lower
    when_store_is_away: spend-leases
    lease_seconds: 30
    journal: /var/lib/tollgate
    backlog_rows: 500
    backlog_mb: 0.5
    webhook: {url: "https://alerts.local/in", headers: {X-Token: os.environ/TOKEN}}
`,
      { env: { TOKEN: 'hush' } },
    )
    expect(lines).toEqual([])
    expect(money).toMatchObject({
      unpriced: 50_000_000n,
      outputCap: 1000,
      whenShort: 'lower',
      whenAway: 'spend-leases',
      leaseMs: 30_000,
      journal: '/var/lib/tollgate',
      backlog: { rows: 500, bytes: 512 * 1024 },
    })
    expect(money.webhook?.url.reveal()).toBe('https://alerts.local/in')
    expect(money.webhook?.headers?.['x-token']?.reveal()).toBe('hush')
  })

  it('goes on with what was leased when LiteLLM would let requests pass', () => {
    const text = 'general_settings: {allow_requests_on_db_unavailable: true}\n'
    expect(load(text).money.whenAway).toBe('spend-leases')
    expect(load(`${text}tollgate_settings: {budgets: {when_store_is_away: refuse}}\n`).money.whenAway).toBe('refuse')
  })

  it('names the place and the form of what is wrong', () => {
    const { lines } = load(`tollgate_settings:
  budgets:
    unpriced: maybe
    lease_seconds: 1
    when_short: shrink
    webhook: ftp://x
    backlog: 4
litellm_settings: {max_budget: -1, budget_duration: fortnight}
`)
    expect(lines).toEqual([
      'report config.yaml:7:5 tollgate_settings.budgets.backlog: unknown key',
      'error config.yaml:8:20 litellm_settings.max_budget: expected an amount of US dollars, 0 to 1,000,000,000, got another number',
      'error config.yaml:8:36 litellm_settings.budget_duration: expected total, hour, day, week or month, or a count with a unit (30s, 45m, 12h, 30d, 2w, 1mo) of at most 100 years, got a text',
      'error config.yaml:3:5 tollgate_settings.budgets.unpriced: expected refuse, allow or an amount of US dollars, got a text',
      'error config.yaml:5:5 tollgate_settings.budgets.when_short: expected one of refuse, lower, got a text',
      'error config.yaml:4:5 tollgate_settings.budgets.lease_seconds: expected a number of seconds from 2 to 600, got another number',
      'error config.yaml:6:5 tollgate_settings.budgets.webhook: expected an http:// or https:// URL',
    ])
  })

  it('says what it does not do', () => {
    const { lines } = load(`general_settings:
  disable_spend_logs: true
  disable_budget_reservation: true
  fail_closed_budget_enforcement: false
`)
    expect(lines.map(line => line.replace(/: (accepted|has).*/, ''))).toEqual([
      'report config.yaml:2:3 general_settings.disable_spend_logs',
      'report config.yaml:3:3 general_settings.disable_budget_reservation',
      'note config.yaml:4:3 general_settings.fail_closed_budget_enforcement',
    ])
  })
})

describe('alerts', () => {
  const text = (urls: string) => `general_settings: {alerting: [webhook], ${urls}}\n`

  it("go to LiteLLM's webhook", () => {
    const own = load(text('alert_to_webhook_url: {budget_alerts: "https://a.local/x"}'))
    expect(own.money.webhook?.url.reveal()).toBe('https://a.local/x')
    const env = { WEBHOOK_URL: 'https://b.local/x' }
    expect(load(text(''), { env }).money.webhook?.url.reveal()).toBe('https://b.local/x')
    expect(load('', { env }).money.webhook).toBeUndefined()
  })

  it('say where they do not go', () => {
    expect(load('general_settings: {alerting: [slack, webhook]}\n').lines).toEqual([
      'report config.yaml:1:20 general_settings.alerting: slack is not told of anything: webhook is the only channel',
      'report config.yaml:1:20 general_settings.alerting: webhook has no URL: set alert_to_webhook_url: {budget_alerts: URL}, or WEBHOOK_URL',
    ])
    const spent =
      'general_settings: {alert_to_webhook_url: {budget_alerts: "https://a.local", llm_exceptions: "https://b"}}\n'
    expect(load(spent).lines).toEqual([
      'report config.yaml:1:77 general_settings.alert_to_webhook_url.llm_exceptions: accepted, no effect yet: alerts are about budgets only',
      'report config.yaml:1:43 general_settings.alert_to_webhook_url.budget_alerts: has no effect without general_settings.alerting: [webhook]',
    ])
  })
})

describe('budgets of the configuration', () => {
  it('are those of the gateway, of providers, deployments and tags', () => {
    const { money, lines } = load(`model_list:
  - model_name: fast
    litellm_params: {model: openai/gpt-4o-mini, api_key: k, max_budget: 2.5, budget_duration: 1d}
    model_info: {id: small}
router_settings:
  provider_budget_config:
    openai: {budget_limit: 10, time_period: daily}
    anthropic: {max_budget: 0.000000001, budget_duration: 30D}
litellm_settings:
  max_budget: "100"
  budget_duration: 1mo
  tag_budget_config: {"team/é": {max_budget: 3}}
`)
    expect(lines).toEqual([])
    expect(money.budgets).toEqual([
      { id: 'gateway|', level: 'gateway', subject: '', period: '1mo', limit: 100_000_000_000n },
      { id: 'provider|openai', level: 'provider', subject: 'openai', period: 'day', limit: 10_000_000_000n },
      { id: 'provider|anthropic', level: 'provider', subject: 'anthropic', period: '30d', limit: 1n },
      {
        id: 'deployment|small',
        level: 'deployment',
        subject: 'small',
        name: 'fast openai/gpt-4o-mini',
        period: '1d',
        limit: 2_500_000_000n,
      },
      { id: 'tag|team%2F%C3%A9', level: 'tag', subject: 'team/é', period: 'total', limit: 3_000_000_000n },
    ])
  })

  it('bind nothing without an amount and everything with 0, which is said', () => {
    const { money, lines } = load(`router_settings:
  provider_budget_config: {openai: {time_period: 1d}, opnai: {budget_limit: 1, rpm_limit: 3, limit: 1}}
litellm_settings: {budget_duration: 30d, tag_budget_config: {x: {max_budget: 0}}}
`)
    expect(money.budgets.map(({ id, limit }) => [id, limit])).toEqual([
      ['gateway|', undefined],
      ['provider|openai', undefined],
      ['provider|opnai', 1_000_000_000n],
      ['tag|x', 0n],
    ])
    expect(lines).toEqual([
      'report config.yaml:3:20 litellm_settings.budget_duration: has no amount, so spending is counted and not bounded: set max_budget',
      'report config.yaml:2:28 router_settings.provider_budget_config.openai: has no amount, so spending is counted and not bounded: set max_budget',
      'report config.yaml:2:55 router_settings.provider_budget_config.opnai: is no provider that is known, did you mean openai?',
      'report config.yaml:2:94 router_settings.provider_budget_config.opnai.limit: unknown key',
      'report config.yaml:2:80 router_settings.provider_budget_config.opnai.rpm_limit: accepted, no effect yet: set tpm and rpm at the deployments of the provider',
      'report config.yaml:3:62 litellm_settings.tag_budget_config.x: lets nothing through: 0 is a limit of 0 here; for no limit leave it out',
    ])
  })

  it('belong to the deployment that got the id', () => {
    const entry = '  - {model_name: a, litellm_params: {model: openai/gpt-4o, api_key: k, max_budget: 1}}\n'
    const { money, routing } = load(`model_list:\n${entry}${entry}`)
    expect(money.budgets.map(one => one.subject)).toEqual(routing.deployments.map(one => one.id))
    expect(new Set(money.budgets.map(one => one.id)).size).toBe(2)
  })

  it('are exact, and in periods that the authority understands', () => {
    const amount = fc.integer({ min: 0, max: 10 ** 15 })
    const period = fc.tuple(fc.integer({ min: 1, max: 99 }), fc.constantFrom('s', 'm', 'h', 'd', 'w', 'mo'))
    fc.assert(
      fc.property(amount, period, (nano, [count, unit]) => {
        const digits = String(nano).padStart(10, '0')
        const usd = `${digits.slice(0, -9)}.${digits.slice(-9)}`
        const object = { litellm_settings: { max_budget: usd, budget_duration: `${count}${unit}` } }
        const { settings } = loadConfig({ object }, { env: {}, tolerant: true })
        const [budget] = settings.money.budgets
        expect(budget?.limit).toBe(BigInt(nano))
        expect(isPeriod(budget?.period ?? '')).toBe(true)
      }),
      { numRuns: 30 },
    )
  })
})
