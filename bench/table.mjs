const COLUMNS = [
  'load',
  'bare CPU µs',
  'tollgate CPU µs',
  'ratio (range)',
  'added p50 / p99 ms, c=1',
  'of it bare',
  'per second, busy (bare)',
  'CPU µs, busy (bare)',
]

/** The figures as a Markdown table, with what they were measured on. */
export function table(about, results) {
  const rows = [COLUMNS, COLUMNS.map(() => '---'), ...results.map(row)]
  const widths = COLUMNS.map((_, index) => Math.max(...rows.map(cells => cells[index].length)))
  const lines = rows.map((cells, number) => {
    const padded = cells.map((cell, index) => (number === 1 ? '-'.repeat(widths[index]) : cell.padEnd(widths[index])))
    return `| ${padded.join(' | ')} |`
  })
  return `\n${header(about)}\n\n${lines.join('\n')}\n`
}

function header({ date, commit, node, machine, loadAverage }) {
  return `${date}, commit ${commit}, Node ${node}, ${machine}, load average ${loadAverage.toFixed(1)}`
}

function row({ title, bare, tollgate, ratio, added }) {
  return [
    title,
    bare.cpuMicros.median.toFixed(0),
    tollgate.cpuMicros.median.toFixed(0),
    `${ratio.median.toFixed(2)} (${ratio.low.toFixed(2)}-${ratio.high.toFixed(2)})`,
    latency(added.tollgate),
    latency(added.bare),
    `${tollgate.perSecond.median.toFixed(0)} (${bare.perSecond.median.toFixed(0)})`,
    `${tollgate.busyCpuMicros.median.toFixed(0)} (${bare.busyCpuMicros.median.toFixed(0)})`,
  ]
}

function latency({ p50Ms, p99Ms }) {
  return `${p50Ms.toFixed(2)} / ${p99Ms.toFixed(2)}`
}
