import type { AffinitySettings } from '../../core/settings.ts'
import type { Findings } from '../finding.ts'
import { nearest } from '../near-miss.ts'
import type { Section, Value } from '../tree.ts'
import { type CompileContext, toMs } from './context.ts'

type Switches = Pick<AffinitySettings, 'bySession' | 'byKey' | 'byPromptCache'>

const WITH_EFFECT = ['session_affinity', 'deployment_affinity', 'prompt_caching', 'enforce_model_rate_limits'] as const
const WITHOUT_EFFECT: readonly string[] = [
  'router_budget_limiting',
  'responses_api_deployment_check',
  'encrypted_content_affinity',
  'forward_client_headers_by_model_group',
]

/** Which calls stay with their deployment, and whether rpm and tpm are hard limits. */
export function compileChecks(context: CompileContext): {
  readonly affinity: AffinitySettings
  readonly enforceRateLimits: boolean
} {
  const { router, findings, document } = context
  const section = document.section('router_settings')
  checkNames(section?.list('optional_pre_call_checks'), findings)
  const groups = section?.section('model_group_affinity_config')
  for (const pool of Object.keys(groups?.value ?? {})) checkNames(groups?.list(pool), findings)
  const pools = Object.entries(router.model_group_affinity_config ?? {}).map(([pool, names]) => [pool, switches(names)])
  return {
    affinity: {
      ...switches(router.optional_pre_call_checks ?? []),
      ttlMs: toMs(router.deployment_affinity_ttl_seconds) ?? 3_600_000,
      pools: Object.fromEntries(pools),
    },
    enforceRateLimits: (router.optional_pre_call_checks ?? []).includes('enforce_model_rate_limits'),
  }
}

function switches(names: readonly string[]): Switches {
  return {
    bySession: names.includes('session_affinity'),
    byKey: names.includes('deployment_affinity'),
    byPromptCache: names.includes('prompt_caching'),
  }
}

function checkNames(list: Section<Value[]> | undefined, findings: Findings): void {
  list?.value.forEach((name, index) => {
    if (typeof name !== 'string' || WITH_EFFECT.some(known => known === name)) return
    if (WITHOUT_EFFECT.includes(name)) findings.note(list.subject(index), `${name} is accepted, no effect yet`)
    else {
      const suggestion = nearest(name, [...WITH_EFFECT, ...WITHOUT_EFFECT])
      findings.error(list.subject(index), `unknown check ${name}`, suggestion === undefined ? {} : { suggestion })
    }
  })
}
