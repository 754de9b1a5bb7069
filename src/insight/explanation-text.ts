import type { Considered, Decision } from '../core/decision.ts'
import { deploymentName } from '../core/deployment.ts'
import { formatUsd } from '../core/money.ts'
import type { Colours } from '../telemetry/index.ts'
import type { Explanation } from './explanation.ts'

/** The explanation for people, as a short table. */
export function explanationText({ call, decision, fallbacks }: Explanation, colours: Colours): string {
  const { bold, red } = colours
  const { classification, requestedPool } = call.record
  const lines = [`${bold(requestedPool)}${call.pool === requestedPool ? '' : ` → ${bold(call.pool)}`}`]
  if (classification)
    lines.push(`  task      ${classification.task}, by ${classification.by}: ${classification.reason}`)
  if (call.because !== undefined) lines.push(`  pool      ${call.because}`)
  if ('chosen' in decision) lines.push(...decisionLines(decision, colours))
  else lines.push(`  ${red('nobody')}    ${decision.message}`)
  lines.push(`  then      ${fallbacks.length > 0 ? fallbacks.join(', ') : 'no fallback'}`)
  return lines.join('\n')
}

function decisionLines(decision: Decision, { dim, green }: Colours): string[] {
  const rows = decision.considered.map(one => row(one, decision))
  const widths = [0, 1, 2, 3].map(column => Math.max(...rows.map(cells => (cells[column] ?? '').length), 0))
  return [
    `  strategy  ${decision.strategy}`,
    `  chosen    ${green(deploymentName(decision.chosen))}: ${decision.reason}`,
    '  considered',
    ...rows.map((cells, index) => {
      const line = `    ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd()
      return decision.considered[index]?.excluded === undefined ? line : dim(line)
    }),
  ]
}

function row({ deployment, estimate, note, excluded }: Considered, { chosen }: Decision): string[] {
  const cost = estimate?.cost
  return [
    deployment === chosen ? '→' : ' ',
    deploymentName(deployment),
    cost === undefined ? 'no price' : `$${formatUsd(cost)}`,
    excluded === undefined ? (note ?? '') : `out: ${excluded}`,
  ]
}
