import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ensureBuilt, root, startNode } from './support/child.ts'
import { Stage } from './support/stage.ts'

const stage = new Stage()
beforeAll(ensureBuilt, 200_000)
afterEach(() => stage.clear())

/** Nothing here may depend on how fast a machine is: only what never ends fails. */
const LONG = { timeout: 150_000 }

async function tollgate(...args: readonly string[]) {
  const child = startNode([join(root, 'bin', 'tollgate.js'), ...args], { NO_COLOR: '1' })
  const code = await child.exited
  return { code, stdout: child.stdout(), stderr: child.stderr() }
}

/** A file of this text, in a folder of its own. */
function file(name: string, text: string): string {
  const path = join(stage.folder(), name)
  writeFileSync(path, text)
  return path
}

const KEYLESS = 'model_list: [{model_name: fast, litellm_params: {model: openai/gpt-4o-mini}}]\n'
const SERVED = 'model_list: [{model_name: fast, litellm_params: {model: mock/m}}]\n'

describe('help', LONG, () => {
  it.each(['serve', 'check', 'explain', 'report', 'demo', 'mock', 'schema'])(
    'of %s says how it is used, with examples',
    async name => {
      const { code, stdout, stderr } = await tollgate(name, '--help')
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).toMatch(new RegExp(`^Usage: tollgate ${name}`))
      expect(stdout).toContain(`$ tollgate ${name}`)
      expect(stdout).not.toContain('default: []')
    },
  )

  it('names every command', async () => {
    const { stdout } = await tollgate('--help')
    for (const name of ['serve', 'check', 'explain', 'report', 'demo', 'mock', 'schema'])
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
  })
})

describe('wrong use', LONG, () => {
  const missing = join(root, 'no-such-file')
  it.each([
    [['chek', 'x'], /^error: unknown command 'chek'\n\(Did you mean check\?\)/],
    [['check'], /^error: missing required argument 'file'\n\(tollgate check --help/],
    [['serve', '--wrong'], /^error: unknown option '--wrong'\n\(tollgate serve --help/],
    [['serve', '--port', 'abc'], /argument 'abc' is invalid\. Give a whole number from 0 to 65535\./],
    [['serve', '--port', '70000'], /argument '70000' is invalid/],
    [['mock', '--port', '70000'], /argument '70000' is invalid/],
    [['serve', '--log', 'x'], /Allowed choices are lines, json, none/],
    [['serve', '--config', missing], /^tollgate: the configuration .* cannot be read: there is no such file\n$/],
    [
      ['serve', '--no-auth', '--host', 'x.invalid'],
      /^tollgate: x\.invalid is no address of this machine: correct --host\n$/,
    ],
    [['check', root], /cannot be read: it is a directory\n$/],
    [['explain'], /^error: give a prompt, or --request FILE/],
    [['explain', '-r', missing], /^tollgate: the request .* cannot be read: there is no such file\n$/],
    [
      ['explain', '--model', 'nobody', 'hi'],
      /^tollgate: there is no model named 'nobody'; the configuration has the names/,
    ],
  ])('%j is refused with what to do', async (args, message) => {
    const { code, stdout, stderr } = await tollgate(...args)
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/^ +at /m)
    expect([code, stdout]).toEqual([1, ''])
  })

  it('is told as JSON where all else is', async () => {
    const { code, stdout, stderr } = await tollgate('serve', '--log', 'json', '--config', missing)
    expect(JSON.parse(stderr)).toMatchObject({ level: 'error', message: expect.stringContaining('cannot be read') })
    expect([code, stdout]).toEqual([1, ''])
  })

  it('a request that is no object is named', async () => {
    const { code, stderr } = await tollgate('explain', '-r', file('body.json', '[]'))
    expect([code, stderr]).toEqual([1, 'tollgate: the body must be a JSON object\n'])
  })

  it('a request that is no JSON is named', async () => {
    const { code, stderr } = await tollgate('explain', '-r', file('body.json', '{'))
    expect(stderr).toMatch(/^tollgate: the request .*body\.json is no JSON: .*\n$/)
    expect(code).toBe(1)
  })
})

describe('check', LONG, () => {
  it('is content with what can be served', async () => {
    const { code, stdout } = await tollgate('check', file('config.yaml', SERVED))
    expect(stdout).toMatch(/1 pool, 1 deployment; 0 errors, 0 reports, 0 notes\n$/)
    expect(code).toBe(0)
  })

  it.each([
    ['', /model_list|no deployment is left/],
    [KEYLESS, /^no deployment is left to answer: no key was found in OPENAI_API_KEY; tollgate serve would not start$/m],
    [`${SERVED}router_settings: {num_retires: 1}\n`, /config\.yaml:2:19 router_settings\.num_retires: unknown key/],
  ])('says by its exit code that there is something in %j', async (text, message) => {
    const { code, stdout } = await tollgate('check', file('config.yaml', text))
    expect(stdout).toMatch(message)
    expect(code).toBe(1)
  })

  it('names line and column of what is no YAML', async () => {
    const { code, stdout, stderr } = await tollgate('check', file('config.yaml', 'model_list: [\n  a: {'))
    expect(stderr).toMatch(/^tollgate: the configuration cannot be used:\n {2}.*config\.yaml:2:7 /)
    expect([code, stdout]).toEqual([1, ''])
  })

  it('prints its findings as JSON of what is no YAML, too', async () => {
    const { code, stdout, stderr } = await tollgate('check', '--json', file('config.yaml', 'model_list: [\n  a: {'))
    expect(JSON.parse(stdout).findings[0]).toMatchObject({ severity: 'error', line: 2, column: 7 })
    expect([code, stderr]).toEqual([1, ''])
  })
})

describe('explain', LONG, () => {
  it('needs neither the store, Redis nor the master key that are configured', async () => {
    const more =
      'tollgate_settings: {store: some.db, redis: {url: "redis://127.0.0.1:1"}}\n' +
      'general_settings: {master_key: os.environ/NOT_SET}\n'
    const { code, stdout, stderr } = await tollgate(
      'explain',
      '-c',
      file('config.yaml', SERVED + more),
      '-m',
      'fast',
      'Hi',
    )
    expect(stdout).toContain('fast')
    expect([code, stderr]).toEqual([0, ''])
  })
})

describe('tollgate report', LONG, () => {
  const line = (model: string, changes: object = {}) => {
    const tokens = { prompt_tokens: 20, completion_tokens: 15 }
    const cost = { cost_usd: 0.000012, cost_nano_usd: 12_000, unpriced: false }
    const call = { run_id: 'a', pool: 'fast', model, status: 'ok', fallback_triggered: false, latency_s: 0.25 }
    return `${JSON.stringify({ ...call, ...tokens, ...cost, ...changes })}\n`
  }
  const failed = { status: 'error', cost_usd: 0, cost_nano_usd: 0, prompt_tokens: null, completion_tokens: null }

  it('sums up the lines of all files, by model or by pool', async () => {
    const older = file('calls.jsonl.1', line('gpt-4o-mini') + line('gpt-4o-mini'))
    // The last line of a process that was killed.
    const newer = file('calls.jsonl', `${line('haiku', { pool: 'capable', ...failed })}{"run_id": "a`)
    const { code, stdout } = await tollgate('report', older, newer)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^gpt-4o-mini +2 +0 +40 +30 +\$0\.000024 +\$0\.000012 +0\.250 s +0\.250 s$/m)
    expect(stdout).toMatch(/^haiku +1 +1 /m)
    expect(stdout).toMatch(/^total +3 +1 +40 +30 +\$0\.000024 /m)
    expect(stdout).toContain('1 lines could not be read and are not in these figures')
    expect((await tollgate('report', older, newer, '--by', 'pool')).stdout).toMatch(/^capable +1 +1 /m)
  })

  it('of one run as JSON', async () => {
    const path = file('calls.jsonl', line('gpt-4o-mini') + line('haiku', { run_id: 'b', fallback_triggered: true }))
    const { stdout } = await tollgate('report', path, '--run', 'b', '--json')
    const row = { calls: 1, errors: 0, fallbacks: 1, prompt_tokens: 20, completion_tokens: 15, cost_usd: 0.000012 }
    const figures = { ...row, unpriced: 0, mean_latency_s: 0.25, max_latency_s: 0.25 }
    expect(JSON.parse(stdout)).toEqual({
      total: figures,
      models: [{ model: 'haiku', ...figures }],
      pools: [{ pool: 'fast', ...figures }],
      unreadable: 0,
    })
  })

  it.each([
    ['no-such.jsonl', 'there is no such file'],
    ['src', 'it is a directory'],
  ])('says that %s cannot be read', async (path, reason) => {
    const { code, stdout, stderr } = await tollgate('report', path)
    expect([code, stdout, stderr]).toEqual([1, '', `tollgate: the lines ${path} cannot be read: ${reason}\n`])
  })
})
