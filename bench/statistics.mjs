/** The value below which that part of a sorted list lies (nearest rank). */
export function quantile(sorted, part) {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(part * sorted.length) - 1))]
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** The median with the smallest and the largest value beside it; undefined when there are none. */
export function spread(values) {
  const known = values.filter(value => value !== undefined)
  if (known.length === 0) return undefined
  return { median: median(known), low: Math.min(...known), high: Math.max(...known) }
}
