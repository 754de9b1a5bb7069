import { storableJson } from '../core/storable.ts'
import type { PostedRow } from '../ledger/authority.ts'

/** Rows as JSON objects, and what many of them have in common once. */
export interface GatheredRows {
  readonly texts: readonly string[]
  /** JSON objects whose members rows have in common. */
  readonly shared: readonly string[]
  /** Which of these rows have together. */
  readonly sets: readonly (readonly number[])[]
  /** For each row its set, counted from 1; 0: none. */
  readonly setOf: readonly number[]
}

/** A way through the texts that rows share, the same for rows that share the same. */
interface Fork {
  set: number
  readonly next: Map<string, Fork>
}

/** Finds what is the same by the texts themselves: a text that is the same object is found without reading it. */
export function gathered(rows: readonly PostedRow[]): GatheredRows {
  const root: Fork = { set: 0, next: new Map() }
  const numbers = new Map<string, number>()
  const sets: number[][] = []
  const setOf = rows.map(({ shared = NOTHING }) => {
    let fork = root
    for (const text of shared) fork = forkOf(fork, text)
    if (fork !== root && fork.set === 0) fork.set = sets.push(shared.map(text => numberOf(text, numbers)))
    return fork.set
  })
  return {
    texts: rows.map(({ text }) => storableJson(text)),
    shared: [...numbers.keys()].map(storableJson),
    sets,
    setOf,
  }
}

const NOTHING: readonly string[] = []

function forkOf({ next }: Fork, text: string): Fork {
  const known = next.get(text)
  if (known) return known
  const fork = { set: 0, next: new Map() }
  next.set(text, fork)
  return fork
}

function numberOf(text: string, numbers: Map<string, number>): number {
  const known = numbers.get(text) ?? numbers.size
  numbers.set(text, known)
  return known
}
