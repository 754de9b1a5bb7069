import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { ensureBuilt, root, startNode } from './support/child.ts'
import { readJsonLines } from './support/data.ts'

const run = promisify(execFile)

/** As a user has it: packed, and installed in an empty folder with what its `dependencies` bring, and nothing else. */
const folder = mkdtempSync(join(tmpdir(), 'tollgate-installed-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const program = join(folder, 'node_modules', 'tollgate', 'bin', 'tollgate.js')

await ensureBuilt()
const trouble = await install()
if (trouble !== undefined) {
  const message = `the package could not be installed, so what users install goes UNTESTED: ${trouble}`
  if (process.env.CI === 'true') throw new Error(message)
  console.error(`\n*** ${message} ***\n`)
}

/** @returns why npm could not. */
async function install(): Promise<string | undefined> {
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
  try {
    const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: root })
    writeFileSync(join(folder, 'package.json'), '{"private": true}')
    const tarball = join(folder, stdout.trim())
    await run('npm', ['install', '--prefer-offline', ...quiet, tarball], { cwd: folder, timeout: 240_000 })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const HELLO = { model: 'fast', messages: [{ role: 'user', content: 'Hello' }] }
const MASTER_KEY = 'sk-installed-master'
const lines = join(folder, 'calls.jsonl')
const CONFIG = `
model_list:
  - model_name: fast
    litellm_params: {model: openai/gpt-4o-mini, api_key: sk-nobody, mock_response: Hello from the package}
general_settings:
  master_key: ${MASTER_KEY}
tollgate_settings:
  telemetry: {jsonl: {path: ${lines}}}
`
const config = join(folder, 'config.yaml')
writeFileSync(config, CONFIG)

describe.skipIf(trouble !== undefined)('an installed package', () => {
  it('checks a configuration', async () => {
    const { exited, stderr, stdout } = startNode([program, 'check', config])
    expect(await exited, stderr() + stdout()).toBe(0)
  })

  it('serves keys, prices what they ask, keeps it, and tells it to a collector', async () => {
    let spans = 0
    const collector = createServer((request, response) => {
      spans += request.url === '/v1/traces' ? 1 : 0
      request.resume().on('end', () => response.end())
    }).listen(0, '127.0.0.1')
    await once(collector, 'listening')
    const { port } = collector.address() as AddressInfo
    const gateway = startNode([program, 'serve', '--config', config, '--port', '0'], {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    })
    try {
      const [, address] = await gateway.printed(/listens on (http:\/\/\S+?)\/?\s/)
      const ask = async (path: string, key: string, body: object): Promise<unknown> => {
        const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
        const response = await fetch(`${address}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
        return response.json()
      }
      const { key } = (await ask('/key/generate', MASTER_KEY, { max_budget: 1 })) as { key: string }
      const answer = await ask('/v1/chat/completions', key, HELLO)
      expect(answer).toMatchObject({ choices: [{ message: { content: 'Hello from the package' } }] })
      gateway.signal('SIGTERM')
      expect(await gateway.exited, gateway.stderr()).toBe(0)
      expect(readJsonLines(lines)).toContainEqual(expect.objectContaining({ pool: 'fast', status: 'ok' }))
      expect(spans).toBeGreaterThan(0)
    } finally {
      gateway.signal('SIGKILL')
      collector.close()
    }
  })

  it('is a library that reads a file', async () => {
    const text = `
      import { Router } from 'tollgate'
      const router = await Router.fromConfig(${JSON.stringify(config)})
      const answer = await router.completion(${JSON.stringify(HELLO)})
      console.log(answer.choices[0].message.content)
      await router.close()`
    writeFileSync(join(folder, 'library.mjs'), text)
    const { exited, stderr, stdout } = startNode([join(folder, 'library.mjs')])
    expect(await exited, stderr()).toBe(0)
    expect(stdout()).toContain('Hello from the package')
  })
})
