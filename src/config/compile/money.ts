import { usdToNano } from '../../core/money.ts'
import type { MoneySettings } from '../../core/money-settings.ts'
import { Secret } from '../../core/secret.ts'
import type { Subject } from '../finding.ts'
import { type TollgateValues, tollgateHonoured } from '../keys/tollgate.ts'
import { readValues } from '../read-values.ts'
import { own } from '../tree.ts'
import { compileBudgets } from './budgets.ts'
import { type CompileContext, defined, toMs } from './context.ts'
import type { Pools } from './pools.ts'

const MEGABYTE = 1024 * 1024

/** How money is kept, and which budgets the configuration sets. */
export function compileMoney(context: CompileContext, tollgate: TollgateValues, pools: Pools): MoneySettings {
  const { document, general, findings } = context
  const section = tollgate.budgets && document.section('tollgate_settings')?.section('budgets')
  const values = readValues(section, tollgateHonoured.budgets, findings)
  const unpriced = values.unpriced ?? 'refuse'
  sayAlwaysSo(context)
  return {
    budgets: compileBudgets(context, pools),
    unpriced: typeof unpriced === 'number' ? usdToNano(unpriced) : unpriced,
    whenShort: values.when_short ?? 'refuse',
    whenAway: values.when_store_is_away ?? (general.allow_requests_on_db_unavailable ? 'spend-leases' : 'refuse'),
    leaseMs: toMs(values.lease_seconds) ?? 10_000,
    journal: values.journal ?? '.tollgate/journal',
    backlog: {
      rows: values.backlog_rows ?? 10_000,
      bytes: Math.max(1, Math.round((values.backlog_mb ?? 32) * MEGABYTE)),
    },
    ...defined({ outputCap: values.output_cap, webhook: compileWebhook(context) }),
  }
}

/** Whoever wants money to be spent that nobody can bound cannot have that. */
function sayAlwaysSo({ general, document, findings }: CompileContext): void {
  const section = document.section('general_settings')
  if (general.fail_closed_budget_enforcement === false && section) {
    const message =
      'has no effect: spending that cannot be bounded is always refused (tollgate_settings.budgets.when_store_is_away)'
    findings.note(section.subject('fail_closed_budget_enforcement'), message)
  }
  if (general.disable_master_key_return === false && section)
    findings.note(section.subject('disable_master_key_return'), 'has no effect: no answer ever holds the master key')
}

type Webhook = NonNullable<MoneySettings['webhook']>

/** `tollgate_settings.budgets.webhook`, else LiteLLM's webhook for budget alerts. */
function compileWebhook(context: CompileContext): Webhook | undefined {
  const { document, findings } = context
  const budgets = document.section('tollgate_settings')?.section('budgets')
  const plain = own(budgets?.value, 'webhook')
  const litellms = litellmWebhook(context)
  if (!budgets || plain === undefined) return litellms
  if (typeof plain === 'string') return webhookOf(plain, budgets.subject('webhook'), context)
  const { url, headers = {} } = readValues(budgets.section('webhook'), tollgateHonoured.webhook, findings)
  if (url === undefined) {
    findings.error({ ...budgets.subject('webhook'), path: `${budgets.path}.webhook.url` }, 'is required')
    return undefined
  }
  const secrets = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), new Secret(value)] as const)
  const webhook = webhookOf(url, budgets.deepSubject(['webhook', 'url']), context)
  return webhook && { ...webhook, ...(secrets.length > 0 && { headers: Object.fromEntries(secrets) }) }
}

/** `alerting: [webhook]`, with its URL in `alert_to_webhook_url.budget_alerts` or in `WEBHOOK_URL`. */
function litellmWebhook(context: CompileContext): Webhook | undefined {
  const { general, document, env, findings } = context
  const section = document.section('general_settings')
  const channels = general.alerting ?? []
  for (const channel of channels.filter(one => one !== 'webhook')) {
    const subject = section?.subject('alerting') ?? { path: 'general_settings.alerting' }
    findings.report(subject, `${channel} is not told of anything: webhook is the only channel`)
  }
  const urls = section?.section('alert_to_webhook_url')
  for (const type of Object.keys(urls?.value ?? {})) {
    if (urls && type !== 'budget_alerts')
      findings.report(urls.subject(type), 'accepted, no effect yet: alerts are about budgets only')
  }
  const written = own(urls?.value, 'budget_alerts')
  if (!channels.includes('webhook')) {
    if (urls && written !== undefined)
      findings.report(urls.subject('budget_alerts'), 'has no effect without general_settings.alerting: [webhook]')
    return undefined
  }
  const url = Array.isArray(written) ? written[0] : (written ?? env.WEBHOOK_URL)
  if (typeof url === 'string' && url !== '')
    return webhookOf(url, urls?.subject('budget_alerts') ?? { path: 'the environment variable WEBHOOK_URL' }, context)
  const subject = section?.subject('alerting') ?? { path: 'general_settings.alerting' }
  findings.report(subject, 'webhook has no URL: set alert_to_webhook_url: {budget_alerts: URL}, or WEBHOOK_URL')
  return undefined
}

/** The URL itself may be a credential, so no finding repeats it. */
function webhookOf(url: string, subject: Subject, { findings }: CompileContext): Webhook | undefined {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return { url: new Secret(url) }
  findings.error(subject, 'expected an http:// or https:// URL')
  return undefined
}
