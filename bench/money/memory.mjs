// Whether memory stays flat over a million calls, each tenth by another of 100,000 keys, each twentieth of a new end user.
import { refusedOf, stage } from './stage.mjs'

const AT_ONCE = 50
/** As many end users as are remembered (`MAX_CUSTOMERS` in `src/access/subjects.ts`). */
const END_USERS = 100_000

/** Megabytes of heap after a collection, each `every` calls. Needs --expose-gc. */
export async function memory(parts, { calls = 1_000_000, every = 100_000, keys = 100_000 } = {}) {
  const one = await stage(parts, { money: true, keys })
  const seen = []
  let refused = 0
  try {
    await fill(one)
    seen.push(await heap(0, refused))
    for (let done = 0; done < calls; done += AT_ONCE) {
      const group = []
      for (let at = 0; at < AT_ONCE; at++) {
        const number = done + at
        // Most calls are of few keys, as it is; the others go through all of them.
        const key = number % 10 === 0 ? (number / 10) % keys : number % 100
        const headers = one.headers[key]
        group.push(one.call(number % 20 === 1 ? { ...headers, 'x-litellm-end-user-id': `user-${number}` } : headers))
      }
      refused += await refusedOf(group)
      await new Promise(resolve => setImmediate(resolve))
      if (done % 2_000 === 0) await one.settle()
      if ((done + AT_ONCE) % every === 0) {
        await one.settle()
        seen.push(await heap(done + AT_ONCE, refused))
      }
    }
  } finally {
    for (const warning of one.warnings) console.error(warning)
    await one.close()
  }
  return seen
}

/** A cache that still fills looks like a leak: every key calls once, and all end users that there is room for are known. */
async function fill({ headers, backing, call, settle }) {
  for (let at = 0; at < headers.length; at += AT_ONCE) {
    await refusedOf(headers.slice(at, at + AT_ONCE).map(own => call(own)))
    await new Promise(resolve => setImmediate(resolve))
    if (at % 2_000 === 0) await settle()
  }
  const caller = await backing.callers.find(headers[0].authorization.slice(7))
  for (let at = 0; at < END_USERS; at += 1_000) {
    const some = Array.from({ length: 1_000 }, (_, index) => `earlier-${at + index}`)
    await Promise.all(some.map(endUser => backing.callers.withSubjects(caller, { endUser })))
  }
  await settle()
}

async function heap(calls, refused) {
  await new Promise(resolve => setTimeout(resolve, 1_500))
  globalThis.gc?.()
  const { heapUsed, external, rss } = process.memoryUsage()
  const line = {
    calls,
    refused,
    heapMegabytes: heapUsed / 1e6,
    externalMegabytes: external / 1e6,
    rssMegabytes: rss / 1e6,
  }
  console.log(JSON.stringify(line))
  return line
}
