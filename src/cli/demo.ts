import { Command } from 'commander'
import { type Assembly, assemble } from '../assemble.ts'
import { type LoadedConfig, loadConfig } from '../config/load-config.ts'
import { formatUsd, type NanoUsd } from '../core/money.ts'
import { readBody } from '../dialects/openai.ts'
import { Router } from '../library/router.ts'
import { costOf } from '../prices/index.ts'
import { type CallbackPayload, coloursFor, startTracing } from '../telemetry/index.ts'
import { DEMO_PROMPTS, type DemoPrompt, type Scene, sceneConfig, startScene } from './demo-scene.ts'
import { callText, type DemoCall, introduction, totalCost, totalsText } from './demo-text.ts'

const EXAMPLES = `
Examples:
  $ tollgate demo
  $ tollgate demo --json | jq '.calls[] | {label, pool, cost_usd}'
`

/** `tollgate demo`: routing by cost and latency, traces and exact costs, without keys or network. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('send three prompts to two local providers, and show decisions, costs and traces; no keys needed')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(demo)
}

async function demo({ json = false }: { readonly json?: boolean }): Promise<void> {
  const scene = await startScene()
  try {
    await play(scene, json)
  } finally {
    await scene.stop()
  }
}

async function play(scene: Scene, json: boolean): Promise<void> {
  const print = (text: string) => void process.stdout.write(text)
  const colours = coloursFor(process.stdout)
  const config = loadConfig({ object: sceneConfig(scene) })
  const stage = await openStage(config)
  const calls: DemoCall[] = []
  if (!json) print(`${introduction(scene, colours)}\n`)
  for (const prompt of DEMO_PROMPTS) {
    const call = await stage.perform(prompt)
    calls.push(call)
    if (!json) print(`${callText(calls.length, call, { spans: stage.takeSpans(), colours })}\n`)
  }
  await stage.close()
  const allCapable = costOnCapable(calls, config)
  print(json ? `${JSON.stringify(report(calls, allCapable), null, 2)}\n` : totalsText(calls, allCapable, colours))
}

interface Stage {
  perform(prompt: DemoPrompt): Promise<DemoCall>
  /** The spans that were exported since the last time. */
  takeSpans(): string
  close(): Promise<void>
}

/** A router whose spans are exported synchronously, so that each call's are there when it has ended. */
async function openStage(config: LoadedConfig): Promise<Stage> {
  let spans = ''
  const tracing = await startTracing({ exporter: 'console', processor: 'simple' }, process.env, {
    print: text => {
      spans += text
    },
  })
  const told: CallbackPayload[] = []
  const assembly = assemble(config, { tracer: tracing.tracer, success: [payload => void told.push(payload)] })
  const router = new Router(assembly)
  return {
    perform: async prompt => perform(prompt, { router, assembly, told }),
    takeSpans() {
      const taken = spans
      spans = ''
      return taken
    },
    async close() {
      await router.close()
      await tracing.shutdown()
    },
  }
}

interface Performers {
  readonly router: Router
  readonly assembly: Assembly
  readonly told: readonly CallbackPayload[]
}

async function perform({ label, text }: DemoPrompt, { router, assembly, told }: Performers): Promise<DemoCall> {
  const messages = [{ role: 'user', content: text }]
  const { call, decision } = await assembly.router.explain(readBody('chat', { model: 'auto', messages }))
  const atCheap = await assembly.router.explain(readBody('chat', { model: 'fast-model', messages }))
  const estimate = 'considered' in atCheap.decision ? atCheap.decision.considered[0]?.estimate : undefined
  const answer = await router.completion({ model: 'auto', messages, metadata: { routing_strategy: 'cost-aware' } })
  await router.flush()
  const outcome = told.at(-1)
  if (!outcome) throw new Error('no callback told of the call')
  return {
    label,
    prompt: text,
    estimate: {
      inputTokens: estimate?.inputTokens ?? 0,
      outputTokens: estimate?.outputTokens ?? 0,
      costUsd: Number(formatUsd(estimate?.cost ?? 0n)),
    },
    pool: 'chosen' in decision ? decision.chosen.pool : call.pool,
    deployment: `${outcome.custom_llm_provider}/${outcome.model}`,
    because: call.because ?? '',
    answer: answer.choices[0]?.message.content ?? '',
    inputTokens: outcome.prompt_tokens,
    outputTokens: outcome.completion_tokens,
    cost: BigInt(outcome.response_cost_nano_usd),
    latencyMs: outcome.latency_ms,
    traceId: outcome.trace_id,
  }
}

function costOnCapable(calls: readonly DemoCall[], { settings }: LoadedConfig): NanoUsd | undefined {
  const card = settings.routing.deployments.find(({ pool }) => pool === 'capable-model')?.price
  return (
    card && calls.reduce((sum, { inputTokens, outputTokens }) => sum + costOf(card, { inputTokens, outputTokens }), 0n)
  )
}

function report(calls: readonly DemoCall[], allCapable: NanoUsd | undefined): object {
  return {
    calls: calls.map(call => ({
      label: call.label,
      estimate: {
        input_tokens: call.estimate.inputTokens,
        output_tokens: call.estimate.outputTokens,
        cost_usd: call.estimate.costUsd,
      },
      pool: call.pool,
      deployment: call.deployment,
      because: call.because,
      answer: call.answer,
      prompt_tokens: call.inputTokens,
      completion_tokens: call.outputTokens,
      cost_usd: Number(formatUsd(call.cost)),
      latency_ms: call.latencyMs,
      trace_id: call.traceId,
    })),
    total: {
      calls: calls.length,
      cost_usd: Number(formatUsd(totalCost(calls))),
      all_capable_cost_usd: allCapable === undefined ? null : Number(formatUsd(allCapable)),
    },
  }
}
