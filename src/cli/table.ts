const GAP = '  '

/** Rows under headings, each column as wide as its widest cell, with a line's end. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows]
  const widths = headings.map((_, column) => Math.max(...all.map(row => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(GAP)
  return all.map(row => `${line(row).trimEnd()}\n`).join('')
}
