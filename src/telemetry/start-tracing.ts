import type { Ms } from '../core/clock.ts'
import { LatePipeline } from './late-pipeline.ts'
import { LeanTracer, type SpanStarter } from './lean-tracer.ts'
import { isParentBased, samplingOf } from './sampling.ts'
import { type Environment, type ResolvedTracing, resolveTracing, type TracingSettings } from './tracing-settings.ts'

export interface Tracing {
  /** Undefined: nothing is exported. */
  readonly tracer: SpanStarter | undefined
  readonly settings: ResolvedTracing
  /**
   * Sends what waits. True when all of it has gone out; false when a backend refused it or took longer than `boundMs`
   * (default 5,000).
   */
  flush(boundMs?: Ms): Promise<boolean>
  /** Flushes, and stops exporting. The bound is that of `flush`. */
  shutdown(boundMs?: Ms): Promise<boolean>
}

export interface TracingHooks {
  /** Told of every export that failed: OpenTelemetry itself is silent about them. */
  readonly onError?: (error: unknown) => void
  /** Where the console exporter prints. Default: standard output, as OpenTelemetry specifies it. */
  readonly print?: (text: string) => void
}

const BOUND_MS: Ms = 5000

/**
 * Starts the export of spans as settings and environment ask for. OpenTelemetry's SDK is loaded with the first span that is
 * exported, or here, where it is to be registered for the whole process. Of the gRPC exporter certificates and
 * compression come from the process's environment only, as OpenTelemetry reads them.
 * @throws Failure for a setting that nobody understands.
 */
export async function startTracing(
  settings: TracingSettings = {},
  env: Environment = process.env,
  hooks: TracingHooks = {},
): Promise<Tracing> {
  const resolved = resolveTracing(settings, env)
  if (resolved.exporters.length === 0) {
    const done = async () => true
    return { tracer: undefined, settings: resolved, flush: done, shutdown: done }
  }
  const { onError = () => {}, print = text => void process.stdout.write(text) } = hooks
  const pipeline = new LatePipeline({
    load: async () => (await import('./pipeline.ts')).openPipeline(resolved, { env, onError, print }),
    limit: resolved.maxQueueSize,
    onError,
  })
  if (resolved.registerGlobally) await pipeline.load()
  const tracer = new LeanTracer('tollgate', {
    isSampled: samplingOf(resolved),
    parentBased: isParentBased(resolved.sampler),
    pipeline,
    limits: resolved.attributeLimits,
  })
  return {
    tracer,
    settings: resolved,
    flush: (boundMs = BOUND_MS) => within(boundMs, pipeline.flush()),
    shutdown: (boundMs = BOUND_MS) => within(boundMs, pipeline.shutdown()),
  }
}

/** Whether it was done, and in time. */
async function within(boundMs: Ms, work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>(resolve => {
    timer = setTimeout(() => resolve(false), boundMs)
  })
  const done = work.then(
    () => true,
    () => false,
  )
  const result = await Promise.race([done, late])
  clearTimeout(timer)
  return result
}
