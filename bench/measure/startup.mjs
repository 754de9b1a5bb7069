// How long the gateway takes from its start until it listens, and what it holds then.
import { once } from 'node:events'
import { startTollgate } from '../contenders/tollgate.mjs'
import { fromBench } from '../stage/stage.mjs'
import { spread } from '../statistics.mjs'

const IDLE_MS = 3_000

/** With everything on and a store that is there already, as after any start but the first. */
export async function measureStartup(stage, upstream, { program = fromBench('../bin/tollgate.js'), starts = 7 }) {
  const first = await startTollgate(stage, upstream, { name: 'tollgate, to be started again', program })
  await stage.end(first.process)
  const seen = []
  let idle
  for (let start = 0; start < starts; start++) {
    const begun = performance.now()
    const { args, env } = first
    // As it is started by anybody, with nothing of ours in it.
    const command = [process.execPath, program, ...args]
    const again = stage.command('tollgate, again', command, { env, core: 'contender', stdout: 'pipe' })
    await listening(again)
    const listensMs = performance.now() - begun
    const { cpuMicros } = await again.usage()
    seen.push({ listensMs, cpuMs: cpuMicros / 1000 })
    if (start === starts - 1) {
      await new Promise(resolve => setTimeout(resolve, IDLE_MS))
      idle = (await again.usage()).rssBytes / 1e6
    }
    await stage.end(again)
  }
  const of = key => spread(seen.map(one => one[key]))
  return { listensMs: of('listensMs'), cpuMs: of('cpuMs'), idleMegabytes: idle }
}

/** Its banner says where. */
async function listening(process) {
  process.stdout.setEncoding('utf8')
  for (let text = ''; !text.includes('listens on'); ) {
    const [chunk] = await Promise.race([
      once(process.stdout, 'data'),
      once(process.stdout, 'end').then(() => {
        throw new Error('the gateway ended before it listened')
      }),
    ])
    text += chunk
  }
  process.stdout.resume()
}
