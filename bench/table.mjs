// The figures of a run as Markdown: one table, and what the bars say of it.

const COLUMNS = [
  ['load', row => row.title],
  ['who', row => row.name],
  ['busy: CPU µs', row => spread(row.busyMicros, whole)],
  ['x bare, busy', row => spread(row.busyRatio, two)],
  ['fixed rate: CPU µs', row => (row.steadyMicros ? `${spread(row.steadyMicros, whole)} @ ${row.rate}/s` : '')],
  ['x bare, fixed', row => spread(row.steadyRatio, two)],
  ['per second at c', row => perSecond(row.perSecond)],
  ['added ms', row => pair(row.added)],
  ['first token ms', row => pair(row.addedFirst)],
  ['gap ms', row => pair(row.addedGap)],
  ['MB', row => (row.rssMegabytes ? whole(row.rssMegabytes) : '')],
]

const LEGEND = `CPU µs: user and system time of the process per request, median (lowest-highest round); busy: 10 clients, as fast
as it goes. per second: requests at so many clients at once. added, first token, gap: p50 / p99 beyond the upstream's
own, at the fixed rate. MB: resident after the load.`

/** Others may take so much of the contender's core. */
const QUIET = 0.1

export function report(about, figures) {
  const parts = [header(about), table(figures.loads), legend(figures.loads), others(figures), bars(figures.verdicts)]
  return `\n${parts.filter(Boolean).join('\n\n')}\n`
}

function header({ date, commit, node, machine, loadAverage, cores, brief }) {
  const where = cores.pinned
    ? `contender on core ${cores.contender}, upstream and clients on ${cores.others}`
    : `NOT PINNED: ${cores.why}; figures of contenders and clients mix`
  return `${date}, commit ${commit}, Node ${node}, ${machine}, load average ${loadAverage.toFixed(1)}, ${where}${brief ? '; BRIEF: colder and shorter than a run that counts' : ''}`
}

/** How to read the table, and how far to believe it. */
function legend(loads) {
  const shares = Object.values(loads).map(({ takenByOthers }) => takenByOthers)
  if (shares.length === 0) return ''
  const percent = share => `${(share * 100).toFixed(0)} %`
  const most = Math.max(...shares)
  const disturbed = most > QUIET ? ' THIS MACHINE WAS TOO BUSY: compare ratios only, and measure again.' : ''
  return `${LEGEND} Others took the contender's core for ${percent(Math.min(...shares))} to ${percent(most)} of bare's time.${disturbed}`
}

function table(loads) {
  const rows = Object.values(loads).flatMap(({ title, perSecond: rate, rows: all }) =>
    all.map((row, index) => ({ ...row, title: index === 0 ? title : '', rate })),
  )
  if (rows.length === 0) return ''
  const used = COLUMNS.filter(([, cell]) => rows.some(row => cell(row) !== ''))
  return aligned([used.map(([title]) => title), ...rows.map(row => used.map(([, cell]) => cell(row)))])
}

/** @param lines cells, the titles first */
export function aligned(lines) {
  const widths = lines[0].map((_, index) => Math.max(...lines.map(cells => cells[index].length)))
  const line = cells => `| ${cells.map((cell, index) => cell.padEnd(widths[index])).join(' | ')} |`
  const rule = `|${widths.map(width => '-'.repeat(width + 2)).join('|')}|`
  const [titles, ...rest] = lines
  return [line(titles), rule, ...rest.map(line)].join('\n')
}

function others({ startup, workers, inProcess, soak, streams, loads }) {
  const lines = []
  const say = (what, text) => lines.push(`- ${what}: ${text}`)
  const held = loads.huge?.rows.filter(row => row.heldUpMs)
  if (held?.length > 0)
    say('event loop held up, ms', held.map(row => `${row.name} ${spread(row.heldUpMs, two)}`).join(', '))
  if (startup) {
    say('from serve to listening', `${spread(startup.listensMs, whole)} ms, ${spread(startup.cpuMs, whole)} ms of CPU`)
    say('resident at idle', `${whole(startup.idleMegabytes)} MB`)
  }
  if (workers) say('CPU µs with one worker, with two', `${spread(workers.one, whole)}, ${spread(workers.two, whole)}`)
  if (inProcess) {
    say('in process, router.completion over a stub', `${spread(inProcess.completion, two)} µs`)
    for (const [name, value] of Object.entries(inProcess.strategies))
      say(`choosing among 1,000 rather than 2, ${name}`, `${spread(value, two)} µs`)
    say('auto decided by rules, beyond the pool itself', `${spread(inProcess.auto, two)} µs`)
  }
  for (const { calls, rssMegabytes, heapMegabytes } of soak ?? [])
    say(`after ${calls} calls`, `${whole(rssMegabytes)} MB resident, ${whole(heapMegabytes)} MB of heap`)
  if (streams) say(`${streams.count} slow streams`, `${two(streams.kilobytesEach)} KB each`)
  return lines.join('\n')
}

function bars(verdicts) {
  if (verdicts.length === 0) return ''
  const lines = verdicts.map(({ what, limit, atLeast, figure, bare, isMet }) => [
    isMet ? 'met' : 'MISSED',
    what,
    two(figure),
    bare === undefined ? '' : two(bare),
    `${atLeast ? '>=' : '<='} ${limit}`,
  ])
  return aligned([['', 'bar', 'here', 'bare', 'wanted'], ...lines])
}

function perSecond(counts) {
  return Object.entries(counts)
    .filter(([, value]) => value)
    .map(([connections, value]) => `${connections}: ${whole(value.median)}`)
    .join(', ')
}

function spread(value, digits) {
  return value === undefined ? '' : `${digits(value.median)} (${digits(value.low)}-${digits(value.high)})`
}

function pair(value) {
  return value === undefined ? '' : `${two(value.p50)} / ${two(value.p99)}`
}

function whole(value) {
  return value.toFixed(0)
}

function two(value) {
  return value.toFixed(2)
}
