// Whether memory stays flat over many calls, and what a stream holds while it waits.
import { settled } from './driver.mjs'

const PARTS = 10
const STREAM_REST_MS = 3_000

/** Resident and, after a collection, heap megabytes, at each tenth of so many calls. */
export async function soak(driver, contender, { calls, say }) {
  const seen = []
  for (let part = 0; part < PARTS; part++) {
    const job = { connections: 50, durationMs: 3_600_000, maxRequests: calls / PARTS }
    await driver.run(contender, 'small', job)
    await settled(contender.process)
    const { heapBytes } = await contender.process.ask({ collect: true }, 'collect')
    const { rssBytes } = await contender.process.usage()
    const at = ((part + 1) * calls) / PARTS
    seen.push({ calls: at, rssMegabytes: rssBytes / 1e6, heapMegabytes: heapBytes / 1e6 })
    say(`${at} calls: ${(rssBytes / 1e6).toFixed(0)} MB, heap ${(heapBytes / 1e6).toFixed(0)} MB`)
  }
  return seen
}

/** Kilobytes of resident memory that each of so many streams takes, over what there was before. */
export async function streams(driver, contender, { count, say }) {
  await driver.warm(contender, 'stream', { mostMs: 5_000 })
  await contender.process.ask({ collect: true }, 'collect')
  const before = await contender.process.usage()
  say(`${count} slow streams`)
  const held = await driver.run(contender, 'slow', { hold: count })
  await new Promise(resolve => setTimeout(resolve, STREAM_REST_MS))
  const during = await contender.process.usage()
  await driver.release()
  return { count: held, kilobytesEach: (during.rssBytes - before.rssBytes) / 1000 / held }
}
