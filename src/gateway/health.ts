import { deploymentName } from '../core/deployment.ts'
import type { JsonObject } from '../core/json.ts'
import type { CallRouter } from '../router.ts'

/** `GET /health`: which deployments take calls now and which rest, as the calls so far have shown. Nothing is probed. */
export function healthReport(router: CallRouter): JsonObject {
  const healthy: JsonObject[] = []
  const unhealthy: JsonObject[] = []
  for (const { deployment, restsForMs, because } of router.health()) {
    const about = { model: deploymentName(deployment), model_id: deployment.id, model_group: deployment.pool }
    if (restsForMs === 0) healthy.push(about)
    else unhealthy.push({ ...about, rests_for_ms: Math.ceil(restsForMs), error: because?.message ?? null })
  }
  return {
    healthy_endpoints: healthy,
    unhealthy_endpoints: unhealthy,
    healthy_count: healthy.length,
    unhealthy_count: unhealthy.length,
  }
}
