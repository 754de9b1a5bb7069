import { formatUsd, type NanoUsd } from '../core/money.ts'
import type { Colours } from '../telemetry/index.ts'
import { COST_THRESHOLD_USD, LATENCY_THRESHOLD_MS, type Scene } from './demo-scene.ts'

/** One prompt's way, as `tollgate demo --json` tells it. */
export interface DemoCall {
  readonly label: string
  readonly prompt: string
  /** At the cheap pool's prices: what the choice goes by. */
  readonly estimate: { readonly inputTokens: number; readonly outputTokens: number; readonly costUsd: number }
  readonly pool: string
  readonly deployment: string
  readonly because: string
  readonly answer: string
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cost: NanoUsd
  readonly latencyMs: number
  readonly traceId: string
}

/** What stands where, before the first call. */
export function introduction({ openai, anthropic }: Scene, { bold, dim }: Colours): string {
  return `${bold('tollgate demo')}: three prompts, two providers on this machine over HTTP, no keys

  fast-model     openai/gpt-4o-mini                   $0.00015 / $0.0006 per 1k tokens  ${dim(openai.baseUrl)}
  capable-model  anthropic/claude-3-5-haiku-20241022  $0.0008  / $0.004  per 1k tokens  ${dim(anthropic.url)}
  auto           fast-model while the estimate is at most $${COST_THRESHOLD_USD} and its p50 at most ${LATENCY_THRESHOLD_MS} ms, else capable-model

${dim('At these prices a threshold of $0.001 is crossed by some 5,600 prompt tokens; the demo has a lower one to show both tiers.')}
`
}

/** One call, with its spans below. */
export function callText(
  number: number,
  call: DemoCall,
  { spans, colours }: { spans: string; colours: Colours },
): string {
  const { bold, cyan, green } = colours
  const { inputTokens, outputTokens, costUsd } = call.estimate
  const rows: readonly (readonly [string, string])[] = [
    ['prompt', beginning(call.prompt)],
    ['estimate', `$${decimals(costUsd)} at fast-model's prices: ${inputTokens} tokens in, ${outputTokens} assumed out`],
    ['decision', `${cyan(call.deployment)} (${call.because})`],
    ['answer', beginning(call.answer)],
    ['cost', `${green(`$${formatUsd(call.cost)}`)} for ${call.inputTokens} + ${call.outputTokens} tokens`],
    ['latency', `${Math.round(call.latencyMs)} ms`],
  ]
  const title = bold(`${number}  ${call.label}`)
  const body = rows.map(([name, value]) => `   ${colours.dim(name.padEnd(8))}  ${value}`)
  return [title, ...body, '', indented(spans.trimEnd()), ''].join('\n')
}

/** The sums, and what the capable model alone would have cost for the same tokens. */
export function totalsText(calls: readonly DemoCall[], allCapable: NanoUsd | undefined, { bold }: Colours): string {
  const sum = (figure: (call: DemoCall) => number) => calls.reduce((total, call) => total + figure(call), 0)
  const cost = totalCost(calls)
  const saved = allCapable
    ? ` (capable-model alone: $${formatUsd(allCapable)}, ${percentLess(cost, allCapable)} more)`
    : ''
  return `${bold('total')}  ${calls.length} calls, ${sum(call => call.inputTokens)} + ${sum(call => call.outputTokens)} tokens, ${bold(`$${formatUsd(cost)}`)}${saved}
       mean latency ${Math.round(sum(call => call.latencyMs) / Math.max(calls.length, 1))} ms

Next: ${bold('tollgate serve')}, and examples/a-cost-tracing for the same with your own keys
`
}

export function totalCost(calls: readonly DemoCall[]): NanoUsd {
  return calls.reduce((total, call) => total + call.cost, 0n)
}

function percentLess(cost: NanoUsd, other: NanoUsd): string {
  return `${((other - cost) * 100n) / cost} %`
}

/** The first 60 characters, never half of one. */
function beginning(text: string): string {
  const characters = [...text]
  return characters.length <= 60 ? text : `${characters.slice(0, 60).join('')}…`
}

function decimals(usd: number): string {
  return usd.toFixed(9).replace(/0+$/, '')
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '   ')
}
