import { type BudgetLevel, type BudgetTerms, budgetId, type Period } from '../../core/budget.ts'
import { usdToNano } from '../../core/money.ts'
import { findHost, hosts, isProvider } from '../../providers/catalogue.ts'
import { checkMembers } from '../check-keys.ts'
import type { Findings, Subject } from '../finding.ts'
import { nearest } from '../near-miss.ts'
import { own, type Section } from '../tree.ts'
import type { CompileContext } from './context.ts'
import type { DeploymentSource } from './deployment-source.ts'
import type { Pools } from './pools.ts'

/** The budgets that the configuration sets: of the gateway, of providers, deployments and tags. */
export function compileBudgets(context: CompileContext, { budgets }: Pools): readonly BudgetTerms[] {
  return [...gatewayBudget(context), ...providerBudgets(context), ...budgets, ...tagBudgets(context)]
}

interface Said {
  readonly level: BudgetLevel
  readonly subject: string
  readonly name?: string
  readonly amount: number | null | undefined
  readonly period: Period | null | undefined
  /** What a finding about the amount is about. */
  readonly place: Subject
  readonly findings: Findings
}

/** Without an amount the spending is counted and not bounded, which is said; so is 0, which LiteLLM reads as no limit. */
function budgetOf({ level, subject, name, amount, period, place, findings }: Said): BudgetTerms {
  const limit = typeof amount === 'number' ? usdToNano(amount) : undefined
  if (limit === undefined)
    findings.report(place, 'has no amount, so spending is counted and not bounded: set max_budget')
  if (limit === 0n) findings.report(place, 'lets nothing through: 0 is a limit of 0 here; for no limit leave it out')
  const id = budgetId({ level, subject })
  return { id, level, subject, period: period ?? 'total', limit, ...(name !== undefined && { name }) }
}

function gatewayBudget({ litellm, document, findings }: CompileContext): readonly BudgetTerms[] {
  const { max_budget: amount, budget_duration: period } = litellm
  if (amount === undefined && period === undefined) return []
  const section = document.section('litellm_settings')
  const key = amount === undefined ? 'budget_duration' : 'max_budget'
  const place = section?.subject(key) ?? { path: `litellm_settings.${key}` }
  return [budgetOf({ level: 'gateway', subject: '', amount, period, place, findings })]
}

function providerBudgets({ router, document, findings }: CompileContext): readonly BudgetTerms[] {
  const section = document.section('router_settings')?.section('provider_budget_config')
  return Object.entries(router.provider_budget_config ?? {}).map(([provider, said]) => {
    const place = subjectOf(section, provider, 'router_settings.provider_budget_config')
    if (!isProvider(provider)) {
      const suggestion = nearest(
        provider,
        hosts.map(one => one.name),
      )
      findings.report(place, 'is no provider that is known', suggestion === undefined ? {} : { suggestion })
    }
    sayUnused(section?.section(provider), findings)
    return budgetOf({
      level: 'provider',
      subject: findHost(provider)?.name ?? provider,
      amount: said.budget_limit ?? said.max_budget,
      period: said.time_period ?? said.budget_duration,
      place,
      findings,
    })
  })
}

const RATES = ['tpm_limit', 'rpm_limit']
const PROVIDER_KEYS = ['budget_limit', 'time_period', 'max_budget', 'budget_duration', ...RATES]

function sayUnused(entry: Section | undefined, findings: Findings): void {
  checkMembers(entry, PROVIDER_KEYS, findings)
  for (const key of RATES) {
    if (entry && own(entry.value, key) !== undefined)
      findings.report(entry.subject(key), 'accepted, no effect yet: set tpm and rpm at the deployments of the provider')
  }
}

function tagBudgets({ litellm, document, findings }: CompileContext): readonly BudgetTerms[] {
  const section = document.section('litellm_settings')?.section('tag_budget_config')
  return Object.entries(litellm.tag_budget_config ?? {}).map(([tag, said]) => {
    checkMembers(section?.section(tag), ['max_budget', 'budget_duration'], findings)
    const place = subjectOf(section, tag, 'litellm_settings.tag_budget_config')
    const { max_budget: amount, budget_duration: period } = said
    return budgetOf({ level: 'tag', subject: tag, amount, period, place, findings })
  })
}

/** The budget of one deployment (`litellm_params.max_budget`), under the id that the deployment has got. */
export function deploymentBudget(id: string, source: DeploymentSource, findings: Findings): readonly BudgetTerms[] {
  const { max_budget: amount, budget_duration: period, model } = source.values.params
  if (amount === undefined && period === undefined) return []
  const place = source.params.subject(amount === undefined ? 'budget_duration' : 'max_budget')
  const name = `${source.values.entry.model_name ?? ''} ${model ?? ''}`.trim()
  return [budgetOf({ level: 'deployment', subject: id, name, amount, period, place, findings })]
}

function subjectOf(section: Section | undefined, key: string, path: string): Subject {
  return section?.subject(key) ?? { path: `${path}.${key}` }
}
