import type { AutoSettings } from '../../core/auto-settings.ts'
import { compileComplexity } from './complexity.ts'
import type { CompileContext } from './context.ts'
import type { DeploymentSource } from './deployment-source.ts'
import type { Resolves } from './fallbacks.ts'
import type { Pools } from './pools.ts'
import { compileSemantic } from './semantic.ts'

const PREFIX = 'auto_router/'

/** Whether an entry of `model_list` is no deployment but a choice between pools. */
export function isAutoRouter({ values }: DeploymentSource): boolean {
  return values.params.model?.startsWith(PREFIX) ?? false
}

/** Which model an answer names, by the pool that was asked for (`return_raw_model_name`). */
export type ResponseModels = Readonly<Record<string, 'upstream' | 'requested'>>

/** LiteLLM's auto routers: pools by complexity or by meaning, by their names. What cannot be used is said. */
export function compileAutoRouters(
  { autoRouters, deployments }: Pick<Pools, 'autoRouters' | 'deployments'>,
  resolves: Resolves,
  context: CompileContext,
): Readonly<Record<string, AutoSettings>> {
  const routers = new Map<string, AutoSettings>()
  for (const source of autoRouters) {
    const name = poolOf(source)
    const hidden = deployments.filter(one => one.pool === name).length
    if (hidden > 0)
      context.findings.report(source.entry.subject('model_name'), `hides ${hidden} deployments of this name`)
    const settings = compileOne(source, resolves, context)
    if (routers.has(name))
      context.findings.error(source.entry.subject('model_name'), `the auto router ${name} is described twice`)
    else if (settings) routers.set(name, settings)
  }
  return Object.fromEntries(routers)
}

/** The auto routers that say which model their answers name. */
export function compileResponseModels(sources: readonly DeploymentSource[]): ResponseModels {
  const named = sources.flatMap(source => {
    const raw = source.values.params.complexity_router_config?.return_raw_model_name
    const isRaw = raw === true || /^(true|yes|on)$/i.test(String(raw))
    return raw === undefined || raw === null ? [] : [[poolOf(source), isRaw ? 'upstream' : 'requested'] as const]
  })
  return Object.fromEntries(named)
}

export function poolOf({ values }: DeploymentSource): string {
  return values.entry.model_name ?? ''
}

function compileOne(source: DeploymentSource, resolves: Resolves, context: CompileContext): AutoSettings | undefined {
  const { params } = source.values
  const kind = params.model?.slice(PREFIX.length)
  if (kind === 'complexity_router') return compileComplexity(source, resolves, context)
  if (params.auto_router_config !== undefined || params.auto_router_config_path !== undefined)
    return compileSemantic(source, resolves, context)
  const message =
    kind === 'adaptive_router' || kind === 'quality_router'
      ? `left out: ${kind} is planned for a later release`
      : 'left out: needs auto_router_config or auto_router_config_path'
  context.findings.report(source.params.subject('model'), message)
  return undefined
}
