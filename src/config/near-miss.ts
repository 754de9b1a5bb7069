/**
 * The Damerau-Levenshtein distance (optimal string alignment): insertions, deletions, replacements and swaps of
 * neighbours that turn one string into the other. Gives `limit + 1` for everything farther apart than `limit`.
 */
export function editDistance(from: string, to: string, limit = 2): number {
  if (Math.abs(from.length - to.length) > limit) return limit + 1
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      current.push(cell(from, to, { row, column, beforeLast, last, current }))
    }
    beforeLast = last
    last = current
  }
  return Math.min(last[to.length] ?? limit + 1, limit + 1)
}

interface Cell {
  readonly row: number
  readonly column: number
  readonly beforeLast: readonly number[]
  readonly last: readonly number[]
  readonly current: readonly number[]
}

function cell(from: string, to: string, { row, column, beforeLast, last, current }: Cell): number {
  const same = from[row - 1] === to[column - 1]
  const best = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + (same ? 0 : 1))
  const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
  return swapped ? Math.min(best, at(beforeLast, column - 2) + 1) : best
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY
}

/** The known name nearest to a misspelt one, within two edits and less than half of it; undefined when none is near. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let found: string | undefined
  let shortest = Math.min(2, Math.ceil(name.length / 2) - 1) + 1
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < shortest) [found, shortest] = [candidate, distance]
  }
  return found
}
