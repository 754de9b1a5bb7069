// npm run bench -- --flame: what the gateway's time is spent on, with everything on, as docs/flame.svg.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startTollgate } from './contenders/tollgate.mjs'
import { groupOf } from './flame/groups.mjs'
import { svg } from './flame/svg.mjs'
import { treeOf } from './flame/tree.mjs'
import { startGround } from './itinerary.mjs'
import { LOADS } from './loads.mjs'
import { fromBench, Stage } from './stage/stage.mjs'

const LOAD = 'small'
const WARM_MS = 60_000
const PROFILED_MS = 10_000

export async function drawFlame({ options, say }) {
  const stage = new Stage()
  try {
    const { upstream, driver } = await startGround(stage)
    const gateway = await startTollgate(stage, upstream, options.build)
    say('warming up')
    await driver.warm(gateway, LOAD, { mostMs: WARM_MS })
    say('profiling')
    await gateway.process.ask({ profile: true }, 'profile')
    const { perSecond } = await driver.priced(gateway, LOAD, { connections: 10, durationMs: PROFILED_MS })
    const file = join(gateway.folder, 'gateway.cpuprofile')
    await gateway.process.ask({ profiled: file }, 'profiled')
    draw(JSON.parse(readFileSync(file, 'utf8')), perSecond)
  } finally {
    await stage.stop()
  }
}

function draw(profile, perSecond) {
  const root = treeOf(profile, groupOf)
  const title = `tollgate, everything on: ${LOADS[LOAD].title}, 10 clients, ${perSecond.toFixed(0)} per second`
  const image = svg(root, {
    title,
    subtitle: `Main thread, Node ${process.version}. A box is as wide as the time under it.`,
  })
  const target = fromBench('../docs/flame.svg')
  writeFileSync(target, image)
  console.log(`${target}: ${(image.length / 1000).toFixed(0)} KB`)
  for (const [group, share] of root.shares) console.log(`${(share * 100).toFixed(1).padStart(6)} %  ${group}`)
}
