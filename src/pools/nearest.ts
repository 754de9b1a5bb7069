const MOST = 3

/** Up to three known names that a misspelt one may have meant, the nearest first; for `did you mean`. */
export function nearestNames(name: string, known: Iterable<string>): string[] {
  const wanted = simplify(name)
  const limit = Math.max(2, Math.floor(wanted.length / 3))
  const found: { readonly name: string; readonly distance: number }[] = []
  for (const candidate of known) {
    const distance = distanceOf(wanted, simplify(candidate), limit)
    if (distance <= limit) found.push({ name: candidate, distance })
  }
  found.sort((a, b) => a.distance - b.distance)
  return found.slice(0, MOST).map(one => one.name)
}

/** Without case and without a provider's prefix, which people forget or add. */
function simplify(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1).toLowerCase()
}

/** One that holds the other is one step away: `gpt-4o` and `gpt-4o-2024-08-06`. */
function distanceOf(wanted: string, known: string, limit: number): number {
  if (wanted === known) return 0
  const [short, long] = wanted.length < known.length ? [wanted, known] : [known, wanted]
  if (short.length >= 3 && long.includes(short)) return 1
  return long.length - short.length > limit ? limit + 1 : editDistance(wanted, known)
}

/** Levenshtein's distance: insertions, deletions and replacements of single characters. */
function editDistance(from: string, to: string): number {
  let above = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const replaced = (above[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1)
      current.push(Math.min((above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, replaced))
    }
    above = current
  }
  return above[to.length] ?? 0
}
