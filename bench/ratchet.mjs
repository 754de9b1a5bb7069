// The ratios to the bare pass-through that were accepted (`ratchet.json`): they may get better, and no worse than noise.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { median } from './statistics.mjs'

const FILE = new URL('ratchet.json', import.meta.url)
/** A ratio that is more than this above what was accepted fails ... */
const TOLERANCE = 1.15
/** ... or this, when others had the contender's core for more than so much of its time: runs differ by 1.5 times then. */
const DISTURBED_TOLERANCE = 2
const DISTURBED = 0.2
const NODE = process.versions.node.split('.')[0]

/** What was accepted, and whether figures of this run compare with it. */
export function readRatchet() {
  const { node, ratios = {} } = existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : {}
  if (node === undefined) return { ratios, compares: false, why: 'nothing has been accepted yet (--quick --ratchet)' }
  const why = `bench/ratchet.json holds figures of Node ${node}, and this is Node ${NODE}`
  return { ratios, compares: node === NODE, why }
}

/** Each figure with what was accepted `before`, if anything, and how many times that is `allowed`. */
export function judge({ ratios, compares }, figures) {
  return figures.map(figure => {
    const before = ratios[figure.load]?.[figure.name]
    const allowed = figure.taken > DISTURBED ? DISTURBED_TOLERANCE : TOLERANCE
    return { ...figure, before, allowed, isWorse: compares && before !== undefined && figure.ratio > before * allowed }
  })
}

/** Writes what got better, as the median of the measurements: one lucky run must not set the bar. @returns the exit status */
export function acceptBetter({ ratios, compares }, attempts) {
  const next = compares ? structuredClone(ratios) : {}
  let changed = false
  for (const [index, { load, name }] of attempts[0].entries()) {
    const ratio = Number(median(attempts.map(attempt => attempt[index].ratio)).toFixed(2))
    const before = next[load]?.[name]
    if (before !== undefined && ratio >= before) continue
    next[load] = { ...next[load], [name]: ratio }
    console.log(`${load}, ${name}: ${ratio} is accepted${before === undefined ? '' : ` instead of ${before}`}`)
    changed = true
  }
  if (changed) writeFileSync(FILE, `${JSON.stringify({ node: NODE, ratios: next }, undefined, 2)}\n`)
  console.log(changed ? 'bench/ratchet.json is written; commit it.' : 'Nothing got better: bench/ratchet.json stays.')
  return 0
}
