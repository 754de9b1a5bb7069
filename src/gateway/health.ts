import { type Deployment, deploymentName } from '../core/deployment.ts'
import { Failure } from '../core/failure.ts'
import type { JsonObject } from '../core/json.ts'
import type { CallRouter, DeploymentHealth } from '../router.ts'

/** What a health request asks for, by its query. */
export interface HealthQuery {
  /** A pool, or a model's name with or without its provider. */
  readonly model?: string
  /** A deployment's id. */
  readonly model_id?: string
  /** `true`: each one is sent a tiny call first, which costs money. */
  readonly probe?: string
}

/**
 * `GET /health`: which deployments are well, as their calls and probes so far have shown. Unlike LiteLLM's it spends no
 * money unasked: deployments are probed first with `?probe=true` only. @throws Failure when nothing has the name.
 */
export async function healthReport(
  router: CallRouter,
  query: HealthQuery,
  { details }: { readonly details: boolean },
): Promise<JsonObject> {
  const isMeant = (deployment: Deployment) => isAsked(deployment, query)
  if (query.probe === 'true') await router.prober.ask(isMeant)
  const all = router.health().filter(one => isMeant(one.deployment))
  if (all.length === 0) throw unknown(query)
  const shown = (one: DeploymentHealth) => (details ? { ...about(one), ...trouble(one), ...probe(one) } : about(one))
  const healthy = all.filter(one => one.isWell).map(shown)
  const unhealthy = all.filter(one => !one.isWell).map(shown)
  return {
    healthy_endpoints: healthy,
    unhealthy_endpoints: unhealthy,
    healthy_count: healthy.length,
    unhealthy_count: unhealthy.length,
  }
}

/** `GET /health/latest`: the latest probe of each deployment that was ever probed, by its id. */
export function latestProbes(router: CallRouter): JsonObject {
  const probed = router.health().flatMap(one => (one.probe ? [[one.deployment.id, latest(one, one.probe)]] : []))
  return { latest_health_checks: Object.fromEntries(probed), total_models: probed.length }
}

function isAsked({ id, pool, provider, model }: Deployment, query: HealthQuery): boolean {
  if (query.model_id !== undefined && query.model_id !== id) return false
  return query.model === undefined || [pool, model, deploymentName({ provider, model })].includes(query.model)
}

function unknown({ model, model_id }: HealthQuery): Failure {
  const name = [model && `the model '${model.slice(0, 100)}'`, model_id && `the id '${model_id.slice(0, 100)}'`]
  return new Failure('unknown_model', `no deployment has ${name.filter(Boolean).join(' and ')}`)
}

function about({ deployment }: DeploymentHealth): JsonObject {
  return { model: deploymentName(deployment), model_id: deployment.id, model_group: deployment.pool }
}

function trouble({ isWell, restsForMs, because }: DeploymentHealth): JsonObject {
  if (isWell) return {}
  return { rests_for_ms: Math.ceil(restsForMs), error: because?.message ?? null }
}

function probe({ probe: result }: DeploymentHealth): JsonObject {
  if (!result) return {}
  const { failure, tookMs } = result
  return {
    probe: {
      checked_at: new Date(result.epoch).toISOString(),
      response_time_ms: Math.round(tookMs),
      error: failure?.message ?? null,
    },
  }
}

function latest({ deployment }: DeploymentHealth, { failure, tookMs, epoch }: ProbeOf): JsonObject {
  return {
    model_name: deployment.pool,
    model_id: deployment.id,
    status: failure ? 'unhealthy' : 'healthy',
    error_message: failure?.message ?? null,
    response_time_ms: Math.round(tookMs),
    checked_at: new Date(epoch).toISOString(),
  }
}

type ProbeOf = NonNullable<DeploymentHealth['probe']>
