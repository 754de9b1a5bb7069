// The clients: sends one load to one address with so many connections, for so long, and tells what it saw.
// Bounded by time and by count, and it talks to this machine only.
import { Pool } from 'undici'
import { LOADS, MASTER_KEY, wholeAnswer } from './answers.mjs'
import { quantile } from './statistics.mjs'

const MAX_REQUESTS = 500_000
const FIRST = ' word0'
const HEADERS = [
  'content-type',
  'application/json',
  'accept',
  'application/json',
  'user-agent',
  'OpenAI/JS 6.49.0',
  'authorization',
  `Bearer ${MASTER_KEY}`,
]

process.on('message', async message => {
  if (message.job) process.send(await run(message.job).catch(error => ({ error: String(error?.message ?? error) })))
})
process.channel.ref()
process.send({ ready: true })

/**
 * Every connection asks one thing after the other until the time is up: as fast as it goes, or, with `perSecond`, at that
 * rate over all connections, with starts spread evenly.
 */
async function run({ port, load, connections, durationMs, perSecond, maxRequests = MAX_REQUESTS }) {
  const pool = new Pool(`http://127.0.0.1:${port}`, {
    connections,
    pipelining: 1,
    headersTimeout: 10_000,
    bodyTimeout: 10_000,
  })
  const seen = { total: [], first: [] }
  const begun = performance.now()
  const until = begun + durationMs
  const pauseMs = perSecond === undefined ? 0 : (connections / perSecond) * 1000
  const client = async number => {
    let next = begun + (number * pauseMs) / connections
    while (performance.now() < until && seen.total.length < maxRequests) {
      const early = next - performance.now()
      if (early > 0) await new Promise(resolve => setTimeout(resolve, early))
      next += pauseMs
      await ask(pool, LOADS[load], seen)
    }
  }
  try {
    await Promise.all(Array.from({ length: connections }, (_, number) => client(number)))
  } finally {
    await pool.destroy()
  }
  const seconds = (performance.now() - begun) / 1000
  return {
    result: { requests: seen.total.length, seconds, ...summary('total', seen.total), ...summary('first', seen.first) },
  }
}

function summary(name, samples) {
  samples.sort((a, b) => a - b)
  return { [name]: { p50: quantile(samples, 0.5), p99: quantile(samples, 0.99) } }
}

function ask(pool, { body, streamed }, seen) {
  return new Promise((resolve, reject) => {
    const begun = performance.now()
    let status = 0
    let bytes = 0
    let begins = false
    let tail
    pool.dispatch(
      { path: '/v1/chat/completions', method: 'POST', headers: HEADERS, body },
      {
        onRequestStart() {},
        onResponseStart(_, code) {
          status = code
        },
        onResponseData(_, chunk) {
          // The first of the answer itself: gateways hold the prelude back until then.
          if (streamed && !begins && chunk.includes(FIRST)) {
            begins = true
            seen.first.push(performance.now() - begun)
          }
          bytes += chunk.length
          tail = chunk
        },
        onResponseEnd() {
          seen.total.push(performance.now() - begun)
          const right = streamed ? tail?.toString('latin1').endsWith('data: [DONE]\n\n') : bytes === wholeAnswer.length
          if (status === 200 && right) resolve()
          else reject(new Error(`status ${status}, ${bytes} bytes: ${tail?.toString('utf8').slice(0, 300)}`))
        },
        onResponseError(_, error) {
          reject(error)
        },
      },
    )
  })
}
