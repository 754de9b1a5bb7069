// npm run bench: what the gateway costs. See --help, and docs/performance.md.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { HELP, readArguments } from './arguments.mjs'
import { verdicts } from './bars.mjs'
import { measureMemory, measureRun } from './itinerary.mjs'
import { Stage } from './stage/stage.mjs'
import { report } from './table.mjs'

// It has options of its own.
if (process.argv.includes('--money')) {
  await import('./money.mjs')
  process.exit()
}
const options = optionsOrExit()
const begun = performance.now()
try {
  await perform()
} catch (error) {
  console.error(`the measurement came to no end: ${error.message}`)
  process.exitCode = 1
}
process.exit()

async function perform() {
  if (options.help) console.log(HELP)
  else if (options.flame) await (await import('./flame.mjs')).drawFlame({ options, say })
  else if (options.quick) process.exitCode = await (await import('./quick.mjs')).gate({ options, say })
  else if (options.soak || options.streams) await measured(measureMemory)
  else await measured(measureRun)
}

async function measured(measure) {
  const stage = new Stage()
  const about = aboutHere(stage)
  const figures = { loads: {}, faults: [] }
  try {
    await measure(stage, { options, figures, say })
  } catch (error) {
    // What was measured until then is told all the same.
    figures.faults.push(error.message)
  }
  await stage.stop()
  figures.verdicts = verdicts(figures)
  console.log(report(about, figures))
  if (options.json) writeFileSync(options.json, `${JSON.stringify({ ...about, ...figures }, undefined, 2)}\n`)
  for (const fault of figures.faults) console.error(`NOT MEASURED, ${fault}`)
  if (figures.faults.length > 0) process.exitCode = 1
  if (options.bars && figures.verdicts.some(({ isMet }) => !isMet)) process.exitCode = 1
}

function say(text) {
  const seconds = Math.round((performance.now() - begun) / 1000)
  console.error(`${String(seconds).padStart(4)} s  ${text}`)
}

function aboutHere({ cores }) {
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: options.gateway ?? commit(),
    node: process.version,
    machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}`,
    loadAverage: loadavg()[0],
    cores,
    brief: options.brief ?? false,
  }
}

function commit() {
  try {
    const said = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }
    return execFileSync('git', ['describe', '--always', '--dirty'], said).trim()
  } catch {
    return 'unknown'
  }
}

function optionsOrExit() {
  try {
    return readArguments(process.argv.slice(2))
  } catch (error) {
    console.error(`${error.message}\nnpm run bench -- --help says what there is`)
    process.exit(2)
  }
}
