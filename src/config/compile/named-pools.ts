import type { Findings } from '../finding.ts'
import { own, type Section } from '../tree.ts'
import type { CompileContext } from './context.ts'
import type { Resolves } from './fallbacks.ts'

/** Settings that name a pool to send calls to. */
const GENERAL = ['completion_model', 'embedding_model'] as const
/** Maps of pools to what holds for them alone. */
const ROUTER = ['model_group_retry_policy', 'model_group_affinity_config'] as const

/** Reports names of pools that nothing has: calls would go nowhere, or what is said would hold for nobody. */
export function reportUnknownPools({ document, findings }: CompileContext, resolves: Resolves): void {
  const say = sayer(findings, resolves)
  const general = document.section('general_settings')
  for (const key of GENERAL) say(general, key, own(general?.value, key))
  const router = document.section('router_settings')
  for (const key of ROUTER) {
    const pools = router?.section(key)
    for (const pool of Object.keys(pools?.value ?? {})) say(pools, pool, pool)
  }
  const list = document.list('model_list')
  list?.value.forEach((_, index) => {
    const params = list.section(index)?.section('litellm_params')
    say(params, 'silent_model', own(params?.value, 'silent_model'))
  })
}

function sayer(findings: Findings, resolves: Resolves) {
  return (section: Section | undefined, key: string, name: unknown): void => {
    if (section && typeof name === 'string' && !resolves(name))
      findings.report(section.subject(key), `no pool is called ${name}`)
  }
}
