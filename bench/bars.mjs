// What this release is to be measured by, and whether a run shows it.

/** Two figures that are to be the same may differ by so much: ratios of a quiet machine do. */
const SAME = 1.05

const BESIDE_BARE = { besideBare: true }

/**
 * Each bar: what it is about, the most (or `atLeast`) that is allowed, and where its figure stands among the figures of a
 * run; undefined when it was not measured. Of what depends on the machine's clock the same is told of bare (`besideBare`), which may be
 * above the bar itself.
 */
const BARS = [
  bar('whole 200 B: CPU per request, times bare', 1.5, f => busyRatio(f, 'small')),
  bar('whole 200 B: throughput at c=50, times bare', 0.65, f => share(f, 'small', 50), { atLeast: true }),
  bar('whole 200 B: added p99 at half load, ms', 1, (f, name) => of(f, 'small', name)?.added?.p99, BESIDE_BARE),
  bar('whole 16 KiB: CPU per request, times bare', 1.4, f => busyRatio(f, 'large')),
  bar('100,000-token prompt: CPU per request, times bare', 1.3, f => busyRatio(f, 'huge')),
  bar(
    '100,000-token prompt: event loop held up at most, ms',
    5,
    (f, name) => of(f, 'huge', name)?.heldUpMs?.high,
    BESIDE_BARE,
  ),
  bar('stream: CPU per stream, times bare', 1.3, f => busyRatio(f, 'stream')),
  bar('stream: first token added p50, ms', 0.3, (f, name) => of(f, 'stream', name)?.addedFirst?.p50, BESIDE_BARE),
  bar('stream: first token added p99, ms', 2, (f, name) => of(f, 'stream', name)?.addedFirst?.p99, BESIDE_BARE),
  bar('stream: gap between chunks p50, beyond bare, ms', 0.1, f => beyondBare(f, 'stream', 'p50')),
  bar('OpenAI to Anthropic, whole: CPU, times bare', 2.5, f => busyRatio(f, 'translated')),
  bar('OpenAI to Anthropic, stream: CPU, times bare', 2.5, f => busyRatio(f, 'translatedStream')),
  bar('plain router, whole 200 B: CPU, times bare', 1.25, f => busyRatio(f, 'small', 'plain')),
  bar('plain router, stream: CPU, times bare', 1.25, f => busyRatio(f, 'stream', 'plain')),
  bar('100,000 keys: CPU, times that with one', SAME, f => against(f, 'keys', 'tollgate, 100,000 keys')),
  bar('Portkey: CPU per request, times ours', 8, f => portkeyCpu(f), { atLeast: true }),
  bar('Portkey: first token added p50, times ours', 20, f => portkeyFirst(f), { atLeast: true }),
  bar('in process: router.completion over a stub, µs', 10, f => f.inProcess?.completion.median),
  bar('choosing among 1,000 deployments, beyond 2, µs', 2, f => worst(f.inProcess?.strategies)),
  bar('auto by rules, beyond the pool itself, µs', 20, f => f.inProcess?.auto.median),
  bar('from serve to listening, ms', 400, f => f.startup?.listensMs.median),
  bar('memory at idle, MB', 120, f => f.startup?.idleMegabytes),
  bar('two workers: CPU per request, times one', SAME, f => f.workers?.ratio.median),
  bar('memory after all calls, times that after a fifth', SAME, f => growth(f.soak)),
  bar('slow streams: KB each', 40, f => f.streams?.kilobytesEach),
]

/** @returns of each bar that was measured: what, limit, figure, whether it is met, and bare's figure where it is told. */
export function verdicts(figures) {
  return BARS.flatMap(({ what, limit, atLeast, besideBare, read }) => {
    const figure = read(figures)
    if (figure === undefined || Number.isNaN(figure)) return []
    const bare = besideBare ? read(figures, 'bare') : undefined
    return [{ what, limit, atLeast, figure, bare, isMet: atLeast ? figure >= limit : figure <= limit }]
  })
}

function bar(what, limit, read, { atLeast = false, besideBare = false } = {}) {
  return { what, limit, read, atLeast, besideBare }
}

function of(figures, load, name = 'tollgate') {
  return figures.loads?.[load]?.rows.find(row => row.name === name)
}

function busyRatio(figures, load, name) {
  return of(figures, load, name)?.busyRatio?.median
}

function share(figures, load, connections) {
  const [own, bare] = ['tollgate', 'bare'].map(name => of(figures, load, name)?.perSecond[connections]?.median)
  return own / bare
}

function against(figures, load, name) {
  return of(figures, load, name)?.busyMicros.median / of(figures, load)?.busyMicros.median
}

function beyondBare(figures, load, part) {
  return of(figures, load)?.addedGap?.[part] - of(figures, load, 'bare')?.addedGap?.[part]
}

function portkeyCpu(figures) {
  return of(figures, 'small', 'portkey')?.busyMicros.median / of(figures, 'small')?.busyMicros.median
}

function portkeyFirst(figures) {
  return of(figures, 'stream', 'portkey')?.addedFirst?.p50 / of(figures, 'stream')?.addedFirst?.p50
}

function worst(strategies) {
  return strategies && Math.max(...Object.values(strategies).map(({ median }) => median))
}

/** The heap, which a collection has just been through: resident memory depends on when the system asked for some back. */
function growth(soak) {
  return soak && soak.at(-1).heapMegabytes / soak[1].heapMegabytes
}
