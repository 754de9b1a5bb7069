import { styleText } from 'node:util'
import type { Considered, Decision } from '../core/decision.ts'
import { deploymentName } from '../core/deployment.ts'
import { formatUsd } from '../core/money.ts'
import type { Explanation } from './explanation.ts'

/** The explanation for people, as a short table. `colour` says whether the terminal shows colours. */
export function explanationText({ call, decision, fallbacks }: Explanation, colour: boolean): string {
  const paint = painter(colour)
  const { classification, requestedPool } = call.record
  const lines = [
    `${paint('bold', requestedPool)}${call.pool === requestedPool ? '' : ` → ${paint('bold', call.pool)}`}`,
  ]
  if (classification)
    lines.push(`  task      ${classification.task}, by ${classification.by}: ${classification.reason}`)
  if (call.because !== undefined) lines.push(`  pool      ${call.because}`)
  if ('chosen' in decision) lines.push(...decisionLines(decision, paint))
  else lines.push(`  ${paint('red', 'nobody')}    ${decision.message}`)
  lines.push(`  then      ${fallbacks.length > 0 ? fallbacks.join(', ') : 'no fallback'}`)
  return lines.join('\n')
}

type Paint = (style: 'bold' | 'dim' | 'green' | 'red', text: string) => string

function painter(colour: boolean): Paint {
  return (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text)
}

function decisionLines(decision: Decision, paint: Paint): string[] {
  const rows = decision.considered.map(one => row(one, decision))
  const widths = [0, 1, 2, 3].map(column => Math.max(...rows.map(cells => (cells[column] ?? '').length), 0))
  return [
    `  strategy  ${decision.strategy}`,
    `  chosen    ${paint('green', deploymentName(decision.chosen))}: ${decision.reason}`,
    '  considered',
    ...rows.map((cells, index) => {
      const line = `    ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd()
      return decision.considered[index]?.excluded === undefined ? line : paint('dim', line)
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
