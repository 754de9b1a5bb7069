import type { AttemptRecord, Call } from '../core/call.ts'
import type { Deployment } from '../core/deployment.ts'
import { modelOf } from './call-line.ts'

/** Parts of lines that say who served. Each deployment keeps the last one: mostly the next line says the same. */

interface Kept {
  served: string
  /** What `served` was made of. */
  purpose: string
  pool: string
  model: string
  strategy: string | null
  tried: string
  /** What `tried` was made of. */
  triedFor: string
  triedModel: string
}

const keptTexts = new WeakMap<Deployment, Kept>()

/** The members `purpose` to `routing_strategy` of a call, behind its id. */
export function servedText(call: Call, answering: AttemptRecord | undefined): string {
  const { purpose, record, options } = call
  const { requestedPool: pool } = record
  const strategy = options.strategyLabel ?? answering?.decision?.strategy ?? null
  if (!answering) return served(call, strategy, { model: null, provider: null, id: null })
  const model = modelOf(answering)
  const kept = keptOf(answering.deployment)
  if (kept.purpose !== purpose || kept.pool !== pool || kept.model !== model || kept.strategy !== strategy) {
    const { provider, id } = answering.deployment
    kept.served = served(call, strategy, { model, provider, id })
    Object.assign(kept, { purpose, pool, model, strategy })
  }
  return kept.served
}

interface Served {
  readonly model: string | null
  readonly provider: string | null
  readonly id: string | null
}

function served({ purpose, record }: Call, strategy: string | null, { model, provider, id }: Served): string {
  return (
    `","purpose":"${purpose}","pool":${JSON.stringify(record.requestedPool)},"model":${JSON.stringify(model)}` +
    `,"provider":${JSON.stringify(provider)},"deployment":${JSON.stringify(id)},"routing_strategy":${JSON.stringify(strategy)}`
  )
}

/** The members `purpose` to `pool` of an attempt, behind its id. */
export function triedText(attempt: AttemptRecord): string {
  const { deployment, purpose } = attempt
  const model = modelOf(attempt)
  const kept = keptOf(deployment)
  if (kept.triedFor !== purpose || kept.triedModel !== model) {
    const { provider, id, pool } = deployment
    kept.tried =
      `","purpose":"${purpose}","provider":${JSON.stringify(provider)},"model":${JSON.stringify(model)}` +
      `,"deployment":${JSON.stringify(id)},"pool":${JSON.stringify(pool)}`
    Object.assign(kept, { triedFor: purpose, triedModel: model })
  }
  return kept.tried
}

function keptOf(deployment: Deployment): Kept {
  let kept = keptTexts.get(deployment)
  if (!kept) {
    kept = { served: '', purpose: '', pool: '', model: '', strategy: null, tried: '', triedFor: '', triedModel: '' }
    keptTexts.set(deployment, kept)
  }
  return kept
}
