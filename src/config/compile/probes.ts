import type { ProbeOptions } from '../../core/deployment.ts'
import type { ProbeSettings } from '../../core/settings.ts'
import { splitModel } from '../../providers/model-name.ts'
import type { Connection } from './connection.ts'
import { type CompileContext, defined, toMs } from './context.ts'
import type { DeploymentSource } from './deployment-source.ts'

const INTERVAL_S = 300

/** How deployments are probed; what `router_settings` says comes before `general_settings`. */
export function compileProbes(context: CompileContext, pools: ReadonlySet<string>): ProbeSettings {
  const { router, general } = context
  const interval = general.health_check_interval ?? INTERVAL_S
  const staleness = router.health_check_staleness_threshold ?? general.health_check_staleness_threshold ?? 2 * interval
  const ignores = router.health_check_ignore_transient_errors ?? general.health_check_ignore_transient_errors ?? false
  const settings: ProbeSettings = {
    background: general.background_health_checks ?? false,
    intervalMs: toMs(interval) ?? 0,
    concurrency: general.health_check_concurrency ?? 10,
    steers: router.enable_health_check_routing ?? general.enable_health_check_routing ?? false,
    staleMs: toMs(staleness) ?? 0,
    ignoresTransient: ignores,
    skipsDisabled: general.health_check_skip_disabled_background_models ?? false,
    ...defined({ pools: router.background_health_check_model_groups ?? general.background_health_check_model_groups }),
  }
  sayWhatIsIdle(settings, context, pools)
  return settings
}

function sayWhatIsIdle(settings: ProbeSettings, context: CompileContext, pools: ReadonlySet<string>): void {
  const { findings, document } = context
  const subject = (key: string) => {
    const inRouter = document.section('router_settings')
    const section = inRouter && Object.hasOwn(inRouter.value, key) ? inRouter : document.section('general_settings')
    return section?.subject(key) ?? { path: `general_settings.${key}` }
  }
  if (settings.steers && !settings.background) {
    const message = 'steers nothing without general_settings.background_health_checks, except by probes on demand'
    findings.report(subject('enable_health_check_routing'), message)
  }
  for (const pool of settings.pools ?? []) {
    if (!pools.has(pool)) {
      findings.report(subject('background_health_check_model_groups'), `no pool is called ${pool}`)
    }
  }
}

/** How one deployment is probed; undefined when as it is called, with the defaults. */
export function compileProbe(
  { values: { info }, info: all }: DeploymentSource,
  { host }: Connection,
  { prices }: CompileContext,
): ProbeOptions | undefined {
  const byKind =
    all.supports_reasoning === true
      ? info.health_check_max_tokens_reasoning
      : info.health_check_max_tokens_non_reasoning
  const name = info.health_check_model && withoutHost(info.health_check_model, host.name)
  const options: ProbeOptions = defined({
    model: name ? { name, price: prices.lookup({ provider: host.name, model: name }) } : undefined,
    timeoutMs: toMs(info.health_check_timeout),
    maxTokens: info.health_check_max_tokens ?? byKind,
    disabled: info.disable_background_health_check,
  })
  return Object.keys(options).length > 0 ? options : undefined
}

/** `openai/gpt-4o-mini` at OpenAI is `gpt-4o-mini`; at OpenRouter it is a name of its own. */
function withoutHost(model: string, host: string): string {
  const parts = splitModel(model)
  return parts?.provider === host ? parts.model : model
}
