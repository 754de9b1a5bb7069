import type { ResolvedTracing, SamplerName } from './tracing-settings.ts'

/** Whether a trace is sampled, by its id. */
export type IsSampled = (traceId: string) => boolean

/**
 * Of traces that begin here, and, unless the sampler is parent-based, of all others. A ratio keeps the traces that OpenTelemetry's
 * own sampler in JavaScript keeps (`TraceIdRatioBasedSampler`), so that services which decide for themselves agree: those of which
 * the four 32-bit words of the id, combined by exclusive or, are below that share of 2³².
 */
export function samplingOf({ sampler, samplerRatio }: Pick<ResolvedTracing, 'sampler' | 'samplerRatio'>): IsSampled {
  if (sampler.endsWith('always_off')) return () => false
  if (!sampler.endsWith('traceidratio') || samplerRatio >= 1) return () => true
  const bound = Math.floor(samplerRatio * 0xffffffff)
  return traceId => (word(traceId, 0) ^ word(traceId, 8) ^ word(traceId, 16) ^ word(traceId, 24)) >>> 0 < bound
}

/** Eight hexadecimal digits. */
function word(traceId: string, at: number): number {
  return Number.parseInt(traceId.slice(at, at + 8), 16)
}

/** Whether a span with a parent is sampled if that one is. */
export function isParentBased(sampler: SamplerName): boolean {
  return sampler.startsWith('parentbased_')
}
