import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fault } from '../src/testing/index.ts'
import { type Child, ensureBuilt, root, startNode } from './support/child.ts'
import { chat, JSON_HEADERS, open, post } from './support/raw.ts'
import { parseLines, Stage } from './support/stage.ts'
import { within } from './support/watch.ts'
import { modelList, PLAIN } from './support/yaml.ts'

const stage = new Stage()
beforeAll(ensureBuilt, 200_000)
afterEach(() => stage.clear())

/** Nothing here may depend on how fast a machine is: only what never ends fails. */
const LONG = { timeout: 150_000 }

const MOCKED = '  - {model_name: mocked, litellm_params: {model: mock/m}}\n'

const library = pathToFileURL(join(root, 'dist', 'index.mjs')).href

function runModule(text: string): Child {
  return startNode(['--input-type=module', '-e', text])
}

describe('the library as a program imports it', LONG, () => {
  it('starts nothing: no handle, no timer, no output, and the program ends by itself', async () => {
    const child = runModule(`
      const cpu = process.cpuUsage()
      await import('${library}')
      const { user, system } = process.cpuUsage(cpu)
      console.log(JSON.stringify({ active: process.getActiveResourcesInfo(), cpuMs: (user + system) / 1000 }))
    `)
    expect(await child.exited).toBe(0)
    expect(child.stderr()).toBe('')
    const { active, cpuMs } = JSON.parse(child.stdout()) as { active: string[]; cpuMs: number }
    expect(active.filter(name => /Timeout|Immediate|TCP|UDP|Signal|Worker|Process|Watch/.test(name))).toEqual([])
    // 100 ms is the aim on a quiet machine; this bound only finds what is absurd.
    expect(cpuMs).toBeLessThan(3000)
  })

  it('a router that was made and not used lets the program end', async () => {
    const child = runModule(`
      const { Router } = await import('${library}')
      new Router({ model_list: [{ model_name: 'fast', litellm_params: { model: 'openai/gpt-4o-mini', api_key: 'sk-x' } }] })
      console.log('made')
    `)
    expect(await child.exited).toBe(0)
    expect(child.stdout()).toBe('made\n')
  })

  it('a program that has called, whole and streamed, and closes nothing, ends all the same', async () => {
    const upstream = await stage.upstream()
    const child = runModule(`
      const { Router } = await import('${library}')
      const params = { model: 'openai/gpt-4o-mini', api_key: 'sk-x', api_base: '${upstream.baseUrl}' }
      const router = new Router({ model_list: [{ model_name: 'fast', litellm_params: params }] })
      const request = { model: 'fast', messages: [{ role: 'user', content: 'hello' }] }
      const answer = await router.completion(request)
      let text = ''
      for await (const chunk of await router.completion({ ...request, stream: true })) text += chunk.choices[0]?.delta.content ?? ''
      console.log(answer.choices[0].message.content === text)
    `)
    expect(await child.exited).toBe(0)
    expect(child.stdout()).toBe('true\n')
  })
})

/** `tollgate serve` as a process of its own, with one pool on the upstream. */
async function serve(baseUrl: string, more = PLAIN) {
  const folder = stage.folder()
  const lines = join(folder, 'calls.jsonl')
  const config = join(folder, 'config.yaml')
  const telemetry = `tollgate_settings:\n  telemetry: {jsonl: ${JSON.stringify(lines)}}\n`
  writeFileSync(config, modelList({ pool: 'fast', baseUrl }) + more + telemetry)
  const child = startNode([join(root, 'bin', 'tollgate.js'), 'serve', '--config', config, '--port', '0'])
  stage.later(async () => {
    child.signal('SIGKILL')
    await child.exited
  })
  const [, url = ''] = await child.printed(/listens on \S*?(http:\/\/127\.0\.0\.1:\d+)/)
  return { child, url, lines: () => parseLines(readFileSync(lines, 'utf8')) }
}

describe('tollgate serve --log json', LONG, () => {
  it.each([
    ['--log json', ['--log', 'json'], ''],
    ['log: json', [], 'tollgate_settings: {log: json}\n'],
    ['json_logs', [], 'litellm_settings: {json_logs: true, no_such_key: 1}\n'],
  ])('by %s prints what JSON lines hold, and nothing else', async (_, args, more) => {
    const upstream = await stage.upstream()
    const config = join(stage.folder(), 'config.yaml')
    writeFileSync(config, modelList({ pool: 'fast', baseUrl: upstream.baseUrl }) + more)
    const child = startNode([join(root, 'bin', 'tollgate.js'), 'serve', '--config', config, '--port', '0', ...args])
    stage.later(async () => {
      child.signal('SIGKILL')
      await child.exited
    })
    const url = await addressIn(child.stderr)
    await post(`${url}/v1/chat/completions`, chat('fast', 'hello'))
    await post(`${url}/v1/chat/completions`, chat('fast', 'hello'))
    await child.printed(/\n.*\n/)
    child.signal('SIGTERM')
    expect(await child.exited).toBe(0)
    const line = { pool: 'fast', status: 'ok', attempts: [{ pool: 'fast', status: 'ok' }] }
    expect(parseLines(child.stdout())).toMatchObject([line, line])
    // What it says beside the calls is JSON as well, on standard error.
    const said = parseLines(child.stderr())
    const start = { level: 'info', message: `tollgate listens on ${url}`, url, config, workers: 1 }
    expect(said.at(-1)).toMatchObject({ ...start, pools: { fast: ['openai/gpt-4o-mini'] } })
    const unknown = { level: 'warn', message: expect.stringContaining('no_such_key: unknown key') }
    expect(said.slice(0, -1)).toMatchObject(more.includes('no_such_key') ? [unknown] : [])
  })
})

describe.skipIf(!existsSync('/dev/full'))('standard output on a disk that is full', LONG, () => {
  it('is told of, and the gateway answers on', async () => {
    const upstream = await stage.upstream()
    const folder = stage.folder()
    const config = join(folder, 'config.yaml')
    writeFileSync(config, modelList({ pool: 'fast', baseUrl: upstream.baseUrl }) + PLAIN)
    const full = openSync('/dev/full', 'w')
    const args = [join(root, 'bin', 'tollgate.js'), 'serve', '--config', config, '--port', '0', '--log', 'json']
    const child = spawn(process.execPath, args, { cwd: folder, env: {}, stdio: ['ignore', full, 'pipe'] })
    closeSync(full)
    const exited = once(child, 'exit')
    stage.later(async () => {
      child.kill('SIGKILL')
      await exited
    })
    let said = ''
    child.stderr?.on('data', bytes => {
      said += bytes
    })
    const url = await addressIn(() => said)
    const trouble = () => parseLines(said).filter(line => /cannot be written: ENOSPC/.test(JSON.stringify(line)))
    do await post(`${url}/v1/chat/completions`, chat('fast', 'hello'))
    while (trouble().length === 0)
    const { status } = await post(`${url}/v1/chat/completions`, chat('fast', 'hello'))
    expect(status).toBe(200)
    child.kill('SIGTERM')
    expect(await exited).toEqual([1, null])
    expect(trouble()).toMatchObject([{ level: 'error' }])
  })
})

describe('standard output that nobody reads any more', LONG, () => {
  it.each(['standard output', 'standard error as well'])(
    'does not stop the gateway, nor the calls under way: %s',
    async which => {
      const upstream = await stage.upstream({ chunks: 40, chunkDelayMs: 25, answer: 'x'.repeat(80) })
      const config = join(stage.folder(), 'config.yaml')
      writeFileSync(config, modelList({ pool: 'fast', baseUrl: upstream.baseUrl }) + MOCKED + PLAIN)
      const args = [join(root, 'bin', 'tollgate.js'), 'serve', '--config', config, '--port', '0']
      const child = startNode(args)
      stage.later(async () => {
        child.signal('SIGKILL')
        await child.exited
      })
      const [, url = ''] = await child.printed(/listens on \S*?(http:\/\/127\.0\.0\.1:\d+)/)
      const body = JSON.stringify(chat('fast', 'hello', { stream: true }))
      const underWay = await open(`${url}/v1/chat/completions`, { headers: JSON_HEADERS, body })
      child.leave('stdout')
      if (which !== 'standard output') child.leave('stderr')
      const isTold = () => /standard output cannot be written: write EPIPE/.test(child.stderr())
      const asked = Date.now()
      do {
        const { status } = await post(`${url}/v1/chat/completions`, chat('mocked', 'hello'))
        expect(status).toBe(200)
      } while (which === 'standard output' ? !isTold() : Date.now() - asked < 500)
      child.signal('SIGTERM')
      let text = ''
      for await (const bytes of underWay) text += String(bytes)
      expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
      expect(await child.exited).toBe(1)
      expect(child.stderr().match(/EPIPE/g) ?? []).toHaveLength(which === 'standard output' ? 1 : 0)
    },
  )
})

/** Waits for the address that a gateway tells. */
async function addressIn(said: () => string): Promise<string> {
  for (;;) {
    const [, url] = /listens on \S*?(http:\/\/127\.0\.0\.1:\d+)/.exec(said()) ?? []
    if (url !== undefined) return url
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

describe('tollgate serve, told to stop', LONG, () => {
  it.each(['SIGTERM', 'SIGHUP'] as const)(
    'by %s: streams under way finish, every line is written, it exits with 0',
    async signal => {
      const upstream = await stage.upstream({ chunks: 40, chunkDelayMs: 25, answer: 'x'.repeat(80) })
      const { child, url, lines } = await serve(upstream.baseUrl)
      const body = JSON.stringify(chat('fast', 'hello', { stream: true }))
      const streams = await Promise.all(
        Array.from({ length: 10 }, () =>
          fetch(`${url}/v1/chat/completions`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body,
          }),
        ),
      )
      child.signal(signal)
      const texts = await Promise.all(streams.map(stream => stream.text()))
      for (const text of texts) expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
      expect(await child.exited).toBe(0)
      expect(lines().map(line => line.status)).toEqual(Array.from({ length: 10 }, () => 'ok'))
      await expect(post(`${url}/v1/chat/completions`, chat('fast', 'hello'))).rejects.toThrow(/ECONNREFUSED/)
    },
  )

  it('stops with the last answer, and not with the connections that clients keep', async () => {
    const upstream = await stage.upstream({ chunks: 10, chunkDelayMs: 10, answer: 'x'.repeat(80) })
    const { gateway, baseUrl } = await stage.gateway(modelList({ pool: 'fast', baseUrl: upstream.baseUrl }) + PLAIN)
    const response = await fetch(`${baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(chat('fast', 'hello', { stream: true })),
    })
    const grace = 120_000
    const stopped = gateway.stop(grace)
    expect(await response.text()).toContain('[DONE]')
    await within(stopped, 'the gateway to stop', grace / 4)
  })

  it('breaks off what does not end within its grace, with an error event and a line', async () => {
    const upstream = await stage.upstream({ chunks: 5 })
    upstream.always(fault.stall({ afterChunks: 2 }))
    const { child, url, lines } = await serve(upstream.baseUrl)
    const response = await open(`${url}/v1/chat/completions`, {
      headers: JSON_HEADERS,
      body: JSON.stringify(chat('fast', 'hello', { stream: true })),
    })
    child.signal('SIGTERM')
    let text = ''
    for await (const bytes of response) text += String(bytes)
    expect(text).toContain('data: {"error"')
    expect(text).not.toContain('[DONE]')
    expect(await child.exited).toBe(0)
    expect(lines()).toMatchObject([{ status: 'error', estimated: true }])
    await upstream.closedByClient()
  })

  it('ends at once when nothing is under way, though clients keep their connections', async () => {
    const upstream = await stage.upstream()
    const { child, url, lines } = await serve(upstream.baseUrl)
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers,
      body: JSON.stringify(chat('fast', 'hello')),
    })
    await answer.text()
    child.signal('SIGTERM')
    expect(await child.exited).toBe(0)
    expect(lines()).toHaveLength(1)
    expect(child.stderr()).toBe('')
  })
})
