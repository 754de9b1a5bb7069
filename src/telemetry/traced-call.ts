import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import type { Attempt } from '../core/call.ts'
import type { Emit } from '../core/event.ts'
import { Failure } from '../core/failure.ts'
import * as scripted from './scripted-call.ts'
import { type CallTraces, type TraceOptions, traceCalls } from './spans.ts'

/** For tests only: spans in memory, and a call that fails over. */

export interface Rig {
  readonly clock: scripted.ManualClock
  readonly emit: Emit
  readonly traces: CallTraces
  readonly spans: () => Promise<readonly ReadableSpan[]>
  readonly span: (name: string) => Promise<ReadableSpan>
}

/** Traces calls into memory. */
export function rig(options: TraceOptions = {}, sampler?: Sampler): Rig {
  const exporter = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(exporter)],
    ...(sampler && { sampler }),
  })
  const clock = scripted.manualClock()
  const traces = traceCalls({ tracer: provider.getTracer('test'), clock, ...options })
  const spans = async () => {
    await provider.forceFlush()
    return exporter.getFinishedSpans()
  }
  const span = async (name: string) => {
    const found = (await spans()).find(each => each.name === name)
    if (!found) throw new Error(`no span ${name}`)
    return found
  }
  return { clock, emit: traces.listener, traces, spans, span }
}

/** One call: refused by the first deployment, answered by the second. */
export function failover({ clock, emit }: Rig, options: scripted.CallChanges = {}): { attempts: Attempt[] } {
  const call = scripted.call(clock, emit, options)
  emit({ type: 'call-start', call })
  const first = scripted.begin(call, clock, scripted.decision(scripted.deployment()))
  clock.advance(100)
  const failure = new Failure('rate_limited', 'openai/gpt-4o-mini: 429 slow down', { upstreamStatus: 429 })
  scripted.finish(first, clock, { outcome: 'failed', failure }, { cost: 0n })
  clock.advance(20)
  call.record.fallbacks = 1
  const because = 'fast-model failed with rate_limited'
  const second = scripted.begin(call, clock, scripted.decision(scripted.HAIKU, { because }))
  clock.advance(50)
  second.attempt.firstAt = clock.monotonic()
  clock.advance(200.25)
  const usage = { inputTokens: 20, outputTokens: 15, cacheReadTokens: 5, reasoningTokens: 3 }
  const told = { usage, cost: 76_001n, model: 'claude-3-5-haiku', responseId: 'msg_1', finishReason: 'stop' }
  scripted.finish(second, clock, { outcome: 'complete', usage }, told)
  emit({ type: 'call-end', call, end: { outcome: 'complete', usage } })
  return { attempts: [first, second] }
}
