import { commit } from './attempts/commit.ts'
import { failover } from './attempts/failover.ts'
import { configuredFallbacks, hasContentFallback } from './attempts/fallbacks.ts'
import { planCall } from './attempts/plan.ts'
import { mayProbe, sendProbes } from './attempts/probe.ts'
import { Prober } from './attempts/prober.ts'
import { classify, NOT_ASKED } from './classify/index.ts'
import { beginCalls } from './core/begin.ts'
import type { Attempt, Call } from './core/call.ts'
import type { Cancellation } from './core/cancellation.ts'
import { type Clock, type Random, systemClock } from './core/clock.ts'
import type { Deployment } from './core/deployment.ts'
import type { Emit } from './core/event.ts'
import { Failure } from './core/failure.ts'
import { type Handler, type Layer, stack } from './core/handler.ts'
import type { FallbackKind, RoutingSettings } from './core/settings.ts'
import { unknownModel } from './core/unknown-model.ts'
import type { Asked } from './dialects/openai.ts'
import { explainCall } from './insight/explain.ts'
import type { Explanation } from './insight/explanation.ts'
import { collect } from './layers/collect.ts'
import { costInUsage } from './layers/cost-in-usage.ts'
import { hideUpstreamHeaders } from './layers/hide-upstream-headers.ts'
import { meter } from './layers/meter.ts'
import { mirror } from './layers/mirror.ts'
import { tiers } from './layers/tiers.ts'
import { timeouts } from './layers/timeouts.ts'
import { noteFirst, traceAttempt, traceCall } from './layers/trace.ts'
import { affinityLayer } from './pools/affinity.ts'
import { type DeploymentHealth, healthOf } from './pools/deployment-health.ts'
import { factsOf } from './pools/facts.ts'
import { createPools, type Pools } from './pools/pools.ts'
import { NO_PROBES } from './pools/probe.ts'
import { shareVitals } from './pools/shared-vitals.ts'
import { reservation, vitalsLayer } from './pools/vitals-layer.ts'
import { Ward } from './pools/ward.ts'
import { estimates } from './prices/estimates.ts'
import { rememberedBounds } from './prices/remembered-bounds.ts'
import { Dialler } from './providers/dialler.ts'
import { providers } from './providers/index.ts'
import { splitModel } from './providers/model-name.ts'
import { type Books, bookkeeping, metering, pricesFor } from './router-books.ts'
import { type Counting, counting } from './router-limits.ts'
import type { Exchange } from './state/exchange.ts'

export interface RouterParts {
  /** Told what happens. Default: nobody. */
  readonly emit?: Emit
  /** Whose decisions hold all that was considered, for whoever watches. Default nobody's: it costs time per candidate. */
  readonly explains?: (call: Call) => boolean
  /** Which answers are kept for records (`AttemptRecord.response`). Default: none. */
  readonly collects?: (attempt: Attempt) => boolean
  /** Headers for an attempt's request (`traceparent`): name, value, name, value, ... */
  readonly attemptHeaders?: (attempt: Attempt) => readonly string[]
  /** Completes a deployment that a wildcard became (its price, its limits). */
  readonly complete?: (deployment: Deployment) => Deployment
  /** Who keeps the books, and how. Default: nobody does, and nothing is bounded. */
  readonly books?: Books | undefined
  /** Who counts requests and tokens, and what every call is counted by. Default: nobody does. */
  readonly limits?: Counting | undefined
  /** Sends attempts. Default: over HTTP, to the upstreams of the deployments. */
  readonly send?: Handler<Attempt>
  /** Over which replicas tell each other of their deployments. Whoever made it closes it. Default: this process is alone. */
  readonly exchange?: Exchange | undefined
  readonly clock?: Clock
  readonly random?: Random
  /** The router whose place it takes: its connections go on, and what it knows of deployments and sessions stays known. */
  readonly before?: CallRouter
}

export type { DeploymentHealth }

/** A router ready for calls. */
export interface CallRouter {
  /** Makes a call of what a client asked. */
  begin(asked: Asked, cancellation?: Cancellation): Call
  /** Answers it. The promise settles at the first content, and rejects with the Failure to tell the client. */
  readonly answer: Handler
  /** Says what would be done with it, and dials nobody. @throws Failure when there is no such pool. */
  explain(asked: Asked): Promise<Explanation>
  readonly pools: Pools
  /** Names of the pools that calls go to when this one fails, as configured. */
  fallbacksOf(pool: string, kind: FallbackKind): readonly string[]
  health(): readonly DeploymentHealth[]
  /** Asks deployments whether they are well; whoever owns the router starts it. */
  readonly prober: Prober
  /** Its connections to upstreams. */
  readonly dialler: Dialler
  /** Tells other replicas nothing more: another router takes its place. */
  stopSharing(): void
  /** Loads what the first call would otherwise wait for. */
  prepare(): void
  /** Ends all connections to upstreams. */
  close(): Promise<void>
}

/** The whole way of a call, from top to bottom. */
export function createRouter(settings: RoutingSettings, parts: RouterParts = {}): CallRouter {
  const { clock = systemClock, random = Math.random, emit = silence, explains = () => false, before } = parts
  const inputTokenBounds = rememberedBounds()
  const estimate = estimates(inputTokenBounds)
  const ward = new Ward(settings, clock)
  if (before) ward.inherit(before.pools.ward, settings.deployments)
  before?.stopSharing()
  const stopSharing = parts.exchange && shareVitals(ward, { exchange: parts.exchange, clock })
  const { affinity } = before?.pools ?? {}
  const pools = createPools(settings, {
    ...parts,
    ward,
    affinity,
    clock,
    random,
    estimate,
    inputTokenBounds,
    split: splitModel,
  })
  const { connectMs, connectionLifeMs: lifeMs } = settings.timeouts
  const dialler = before?.dialler ?? new Dialler({ connectMs, lifeMs })
  const send = parts.send ?? providers({ dialler, attemptHeaders: parts.attemptHeaders }, clock)

  const poolFor = (name: string, call: Call) =>
    pools.resolve(name, {
      ...(call.options.specificDeployment && { specificDeployment: true }),
      ...(call.tier !== undefined && { requested: call.tier }),
    }) ?? unknownModel(name, pools)
  const pricing = pricesFor(settings)
  const books = parts.books && bookkeeping(parts.books, settings, { poolFor, inputTokenBounds })

  const answerAttempt = stack<Attempt>(
    // Outermost, so that the listeners hear of the end when cost and vitals are known.
    traceAttempt(clock),
    // Beside the attempt and never in its way.
    mirror(() => answer),
    // Above everything that may fail on the deployment's account, timeouts included.
    vitalsLayer(ward, clock, reservation(settings, estimate)),
    // Remembers who answered, for the next call of its session.
    ...(pools.affinity ? [affinityLayer(pools.affinity)] : []),
    // Written into the books before it is dialled, and charged when it is priced.
    ...(books ? [books.account] : []),
    // Every attempt is priced, also one that is cut or left.
    meter({ ...pricing, ...metering({ inputTokenBounds, pacesOf: deployment => ward.of(deployment), clock }) }),
    // Keeps what is answered for those who are told of calls.
    ...(parts.collects ? [collect(parts.collects)] : []),
    // Keeps the upstream's limits from the client, where the operator wants it.
    ...(settings.hideUpstreamHeaders ? [hideUpstreamHeaders] : []),
    // Tells a stream's cost in its usage, where the operator wants it.
    ...(settings.costInStreams ? [costInUsage(pricing)] : []),
    // Bounds the wait for the first content, and after it the silence between frames.
    timeouts(settings.timeouts, clock),
    // Notes the first content as soon as it is there.
    noteFirst(clock),
    // The promise settles at the first content: until then a failure is repaired elsewhere.
    commit(attempt => hasContentFallback(attempt, settings.fallbacks)),
  )(send)

  const plan = planCall({ ...settings, poolFor, explains, clock, random })
  const answerInPool = failover(plan, clock)(answerAttempt)

  // A tiered pool becomes its cheap or its capable one.
  const chooseTier = tiers(pools)
  // `auto` becomes a pool; a model that is asked to that end answers on the same record, above no trace of its own.
  const chooseByPrompt = classify({
    ...settings,
    factsOf: name => factsOf(pools.resolve(name)),
    inputTokens: request => inputTokenBounds(request).likely,
    clock,
    random,
  })
  // Before anything is done for the call: what is too much costs nothing.
  const keepLimits = parts.limits ? [counting(parts.limits, { poolFor, inputTokenBounds })] : []
  // The worst price is set aside when it is known where the call may go.
  const holdMoney = books ? [books.budget] : []
  // One call-start and one call-end around all that follows. Limits are kept again for the pool that was chosen.
  const choose = [chooseByPrompt, chooseTier]
  const answer = stack<Call>(traceCall, ...keepLimits, ...choose, ...keepLimits, ...holdMoney)(answerInPool)

  const begin = beginCalls({ callMs: settings.timeouts.callMs, clock, emit })
  // A probe is a call of its own at one deployment: traced, priced and kept in the vitals like any other.
  const prober = new Prober({
    settings: settings.probes ?? NO_PROBES,
    deployments: settings.deployments,
    mayAsk: deployment => mayProbe(deployment, ward.of(deployment), clock.monotonic()),
    send: sendProbes({
      begin,
      walk: plan => stack<Call>(traceCall, ...holdMoney)(failover(plan, clock)(answerAttempt)),
    }),
    clock,
  })
  const choosePool = stack<Call>(chooseByPrompt, askNobody, chooseTier)
  return {
    begin,
    answer,
    explain: asked => explainCall(begin(asked), { choosePool, poolFor, fallbacks: settings.fallbacks }),
    pools,
    fallbacksOf: (name, kind) => configuredFallbacks([name, pools.targetOf(name)], settings.fallbacks[kind]),
    health: () => [...ward.all()].map(one => healthOf(one, { probes: settings.probes, now: clock.monotonic() })),
    prober,
    dialler,
    stopSharing: () => stopSharing?.(),
    prepare: () => dialler.prepare(),
    async close() {
      await prober.stop()
      stopSharing?.()
      await dialler.close()
    },
  }
}

const silence: Emit = () => {}

/** A model would be asked about the prompt here; an explanation spends no money. */
const askNobody: Layer = next => call =>
  call.purpose === 'classify'
    ? Promise.reject(new Failure('unavailable', 'a model would be asked about the prompt', { code: NOT_ASKED }))
    : next(call)
