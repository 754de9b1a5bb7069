import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fault, type Upstream } from '../src/testing/index.ts'
import { ensureBuilt, root, startNode } from './support/child.ts'
import { crowd } from './support/crowd.ts'
import { chat, JSON_HEADERS, open, post, type RawAnswer } from './support/raw.ts'
import { parseLines, Stage } from './support/stage.ts'
import { modelList, PLAIN } from './support/yaml.ts'

const stage = new Stage()
beforeAll(ensureBuilt, 200_000)
afterEach(() => stage.clear())

/** Nothing here may depend on how fast a machine is: only what never ends fails. */
const LONG = { timeout: 150_000 }

interface Draft {
  /** After `model_list`. */
  readonly more?: string
  readonly jsonl?: object
  readonly args?: readonly string[]
}

/** `tollgate serve --workers 2` as processes of their own. */
async function serve(models: string, { more = PLAIN, jsonl = {}, args = ['--workers', '2'] }: Draft = {}) {
  const folder = stage.folder()
  const path = join(folder, 'calls.jsonl')
  const config = join(folder, 'config.yaml')
  const telemetry = `tollgate_settings:\n  telemetry: {jsonl: ${JSON.stringify({ path, ...jsonl })}}\n`
  writeFileSync(config, models + more + telemetry)
  const child = startNode([join(root, 'bin', 'tollgate.js'), 'serve', '--config', config, '--port', '0', ...args])
  stage.later(async () => {
    for (const pid of childrenOf(child.pid)) kill(pid)
    child.signal('SIGKILL')
    await child.exited
  })
  const [, url = ''] = await child.printed(/listens on \S*?(http:\/\/127\.0\.0\.1:\d+)/)
  const files = () => readdirSync(folder).filter(name => name.startsWith('calls.jsonl') && !name.endsWith('.lock'))
  return {
    child,
    /** Every call comes on a connection of its own, which the main process gives to the workers in turn. */
    ask: (content = 'hello'): Promise<RawAnswer> => post(`${url}/v1/chat/completions`, chat('fast', content)),
    url,
    files,
    lines: () => files().flatMap(name => parseLines(readFileSync(join(folder, name), 'utf8'))),
    workers: () => childrenOf(child.pid),
  }
}

function childrenOf(pid: number): number[] {
  try {
    return execFileSync('ps', ['-o', 'pid=', '--ppid', `${pid}`], { encoding: 'utf8' })
      .trim()
      .split(/\s+/)
      .map(Number)
  } catch {
    return []
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

const one = (upstream: Upstream, params: object = {}) => modelList({ pool: 'fast', baseUrl: upstream.baseUrl, params })

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

describe('tollgate serve --workers 2', LONG, () => {
  it.each(['SIGTERM', 'SIGHUP'] as const)(
    'answers from both, tells its address once, and stops with 0 by %s',
    async signal => {
      const upstream = await stage.upstream()
      const { child, ask, lines } = await serve(one(upstream))
      const answers = await crowd(Array.from({ length: 40 }), 8, () => ask())
      expect(answers.map(answer => answer.status)).toEqual(answers.map(() => 200))
      child.signal(signal)
      expect(await child.exited).toBe(0)
      expect(lines()).toHaveLength(40)
      expect(new Set(lines().map(line => line.run_id)).size).toBe(2)
      const printed = child.stdout()
      expect(printed.match(/listens on/g)).toHaveLength(1)
      expect(printed).toContain('2 workers')
      expect(printed.split('\n').filter(line => line.includes('✓'))).toHaveLength(40)
      expect(child.stderr()).toBe('')
    },
  )

  it('keeps away at both from what one has met', async () => {
    const limited = await stage.upstream()
    limited.always(fault.status(429, { retryAfter: '100' }))
    const well = await stage.upstream()
    const entries = [limited, well].map(({ baseUrl }) => ({ pool: 'fast', baseUrl }))
    const { ask } = await serve(modelList(...entries), { more: '' })
    await until('a call at the limited one', async () => {
      await ask()
      return limited.log.length > 0
    })
    await new Promise(resolve => setTimeout(resolve, 1_000))
    const before = limited.log.length
    const answers = await crowd(Array.from({ length: 40 }), 4, () => ask())
    expect(answers.map(answer => answer.status)).toEqual(answers.map(() => 200))
    expect(limited.log.length).toBe(before)
    expect(before).toBeLessThanOrEqual(2)
  })

  it("keeps a deployment's requests per minute over both", async () => {
    const upstream = await stage.upstream()
    const more = 'router_settings: {num_retries: 0, routing_strategy: usage-based-routing-v2}\n'
    const { ask } = await serve(one(upstream, { rpm: 30 }), { more })
    let refused = 0
    await crowd([1, 2, 3, 4], 4, async () => {
      while (refused < 200) if ((await ask()).status === 429) refused++
    })
    // The test may run over the end of a minute, and then has two.
    const byMinute = new Map<number, number>()
    for (const { arrivedMs } of upstream.log) {
      const minute = Math.floor(arrivedMs / 60_000)
      byMinute.set(minute, (byMinute.get(minute) ?? 0) + 1)
    }
    // Four at once: whoever was let in at the end of a minute, or not known of yet, may be one of the next.
    for (const requests of byMinute.values()) expect(requests).toBeLessThanOrEqual(30 + 4)
    expect(Math.max(...byMinute.values())).toBeGreaterThanOrEqual(27)
  })

  it('loses no answer when it is told to stop under load', async () => {
    const upstream = await stage.upstream({ chunks: 20, chunkDelayMs: 25, answer: 'x'.repeat(80) })
    const { child, url, lines } = await serve(one(upstream))
    const body = JSON.stringify(chat('fast', 'hello', { stream: true }))
    let whole = 0
    let isStopping = false
    const caller = async () => {
      while (!isStopping) {
        const response = await open(`${url}/v1/chat/completions`, { headers: JSON_HEADERS, body }).catch(
          () => undefined,
        )
        if (!response) return
        let text = ''
        for await (const bytes of response) text += String(bytes)
        if (response.statusCode === 200 && text.endsWith('data: [DONE]\n\n')) whole++
      }
    }
    const callers = Array.from({ length: 16 }, caller)
    await upstream.arrived(40)
    child.signal('SIGTERM')
    expect(await child.exited).toBe(0)
    isStopping = true
    await Promise.all(callers)
    expect(whole).toBe(upstream.log.length)
    expect(lines().map(line => line.status)).toEqual(upstream.log.map(() => 'ok'))
  })

  it('ends its workers with a second signal', async () => {
    const upstream = await stage.upstream()
    upstream.always(fault.hang())
    const { child, ask, workers } = await serve(one(upstream))
    const asked = ask().catch(() => undefined)
    await upstream.arrived(1)
    const before = workers()
    expect(before).toHaveLength(2)
    child.signal('SIGTERM')
    await until('one worker, with the call', () => workers().length === 1)
    child.signal('SIGTERM')
    expect(await child.exited).toBe(130)
    await asked
    await until('all workers to be gone', () => before.every(pid => !isAlive(pid)))
  })

  it('drains both, and those that come later, when one is told to', async () => {
    const upstream = await stage.upstream()
    const { url, workers } = await serve(one(upstream), { more: 'general_settings: {enable_drain_endpoint: true}\n' })
    const ready = async () => (await fetch(`${url}/health/readiness`, { headers: { connection: 'close' } })).status
    expect(await ready()).toBe(200)
    const drained = await fetch(`${url}/health/drain`, { method: 'POST', headers: { connection: 'close' } })
    expect(await drained.json()).toEqual({ status: 'draining' })
    let inRow = 0
    await until('all to say no', async () => {
      inRow = (await ready()) === 503 ? inRow + 1 : 0
      return inRow >= 10
    })
    const before = workers()
    for (const pid of before) kill(pid)
    await until('others', () => workers().length === 2 && workers().every(pid => !before.includes(pid)))
    await until('an answer', () => ready().then(Boolean, () => false))
    for (let asked = 0; asked < 10; asked++) expect(await ready()).toBe(503)
  })

  it('replaces a worker that is killed, and goes on', async () => {
    const upstream = await stage.upstream()
    const { child, ask, lines, workers } = await serve(one(upstream))
    const before = workers()
    expect(before).toHaveLength(2)
    kill(before[0] ?? 0)
    await until('another worker', () => workers().filter(pid => !before.includes(pid)).length === 1)
    // While the one is dead and the other not yet there, the third one answers all.
    const answers = await crowd(Array.from({ length: 40 }), 4, () => ask())
    expect(answers.map(answer => answer.status)).toEqual(answers.map(() => 200))
    await until('three workers to have answered', async () => {
      await ask()
      return new Set(lines().map(line => line.run_id)).size >= 2
    })
    expect(child.stderr()).toMatch(/worker \d+ ended by SIGKILL; another one is started in 100 ms/)
    child.signal('SIGTERM')
    expect(await child.exited).toBe(0)
  })

  it('goes on at the same address when all workers are killed', async () => {
    const upstream = await stage.upstream()
    const { ask, workers } = await serve(one(upstream))
    for (const pid of workers()) kill(pid)
    await until('an answer', () =>
      ask().then(
        answer => answer.status === 200,
        () => false,
      ),
    )
  })

  it('ends its workers when it is killed itself', async () => {
    const upstream = await stage.upstream()
    const { child, workers } = await serve(one(upstream))
    const before = workers()
    expect(before).toHaveLength(2)
    child.signal('SIGKILL')
    await child.exited
    await until('all workers to be gone', () => before.every(pid => !isAlive(pid)))
  })

  it('writes every call on a line of its own, though the file is rotated by both', async () => {
    const upstream = await stage.upstream()
    const jsonl = { max_bytes: 20_000, max_files: 100 }
    const { child, ask, lines, files } = await serve(one(upstream), { jsonl })
    await crowd(Array.from({ length: 300 }), 16, (_, index) => ask(`call ${index}`))
    child.signal('SIGTERM')
    expect(await child.exited).toBe(0)
    expect(files().length).toBeGreaterThan(3)
    expect(lines()).toHaveLength(300)
    expect(new Set(lines().map(line => line.call_id)).size).toBe(300)
  })
})

describe('tollgate serve with workers that cannot be', LONG, () => {
  it('says once that the port is in use, and ends with 1', async () => {
    const upstream = await stage.upstream()
    const folder = stage.folder()
    const config = join(folder, 'config.yaml')
    writeFileSync(config, one(upstream))
    const args = ['serve', '--config', config, '--port', `${upstream.port}`, '--workers', '2']
    const child = startNode([join(root, 'bin', 'tollgate.js'), ...args])
    expect(await child.exited).toBe(1)
    expect(child.stderr().match(/in use/g)).toHaveLength(1)
    expect(child.stdout()).toBe('')
  })

  it.each(['0', '1.5', 'many', '1000'])('refuses --workers %s', async count => {
    const child = startNode([join(root, 'bin', 'tollgate.js'), 'serve', '--workers', count])
    expect(await child.exited).toBe(1)
    expect(child.stderr()).toContain('or auto for one per core')
  })
})

it('the library loads neither node:cluster nor a Redis client', LONG, async () => {
  const library = pathToFileURL(join(root, 'dist', 'index.mjs')).href
  const text = `
    import { registerHooks, createRequire } from 'node:module'
    const before = process.moduleLoadList.length
    await import('${library}')
    console.log(JSON.stringify(process.moduleLoadList.slice(before).filter(name => /cluster/.test(name))))
    console.log(JSON.stringify(Object.keys(createRequire(import.meta.url).cache).filter(name => /ioredis/.test(name))))
  `
  const child = startNode(['--input-type=module', '-e', text.replace('registerHooks, ', '')])
  expect(await child.exited).toBe(0)
  expect(child.stdout()).toBe('[]\n[]\n')
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
