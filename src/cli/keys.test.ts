import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { Stage } from '../../test/support/stage.ts'
import { keysCommand } from './keys.ts'

const stage = new Stage()
afterEach(() => stage.clear())

/** Runs `tollgate keys` in this process and gives what it printed. */
async function keys(...argv: string[]): Promise<{ out: string; err: string }> {
  const said = { out: '', err: '' }
  const keep = (where: 'out' | 'err') => (text: unknown) => {
    said[where] += String(text)
    return true
  }
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(keep('out')),
    vi.spyOn(process.stderr, 'write').mockImplementation(keep('err')),
  ]
  const command = keysCommand()
  for (const one of command.commands) one.exitOverride()
  try {
    await command.parseAsync(argv, { from: 'user' })
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
  return said
}

function configuration(more = 'general_settings: {master_key: sk-master-of-this-test}'): string {
  const folder = stage.folder()
  const file = join(folder, 'config.yaml')
  const store = `tollgate_settings:\n  store: ${JSON.stringify(`sqlite:${join(folder, 'store.db')}`)}\n`
  writeFileSync(
    file,
    `model_list:\n  - {model_name: a, litellm_params: {model: openai/a, api_key: x}}\n${more}\n${store}`,
  )
  return file
}

it('makes, lists, shows and revokes keys', async () => {
  const config = ['--config', configuration()]
  const made = await keys('create', ...config, '--alias', 'ci', '--models', 'a,b*', '--max-budget', '2.5')
  expect(made.out).toMatch(/^sk-[\w-]{43}\n$/)
  expect(made.err).toMatch(/^id [0-9a-f]{64};/)
  const list = await keys('list', ...config)
  expect(list.out).toMatch(/^ALIAS +KEY +ID/)
  expect(list.out).toContain(`sk-...${made.out.trim().slice(-4)}`)
  expect(list.out).toContain('$2.5')
  const info = await keys('info', 'ci', ...config, '--json')
  expect(JSON.parse(info.out)).toMatchObject({
    key_alias: 'ci',
    models: ['a', 'b*'],
    max_budget: 2.5,
    created_by: 'cli',
  })
  expect((await keys('revoke', made.out.trim(), ...config)).out).not.toContain(made.out.trim())
  expect((await keys('list', ...config, '--json')).out).toContain('"total_count": 0')
})

it('shows small values, and leaves out what is empty', async () => {
  const config = ['--config', configuration()]
  await keys('create', ...config, '--alias', 'ci', '--max-budget', '5', '--parallel', '1', '--rpm', '10')
  const { out } = await keys('info', 'ci', ...config)
  expect(out).toMatch(/^max_budget +5$/m)
  expect(out).toMatch(/^max_parallel_requests +1$/m)
  expect(out).toMatch(/^rpm_limit +10$/m)
  expect(out).toMatch(/^spend +0$/m)
  expect(out).not.toMatch(/ (null|""|\[\]|\{\})$/m)
})

it('says what is wrong', async () => {
  const config = ['--config', configuration()]
  await expect(keys('info', 'nobody', ...config)).rejects.toThrow("there is no key 'nobody'")
  await expect(keys('create', ...config, '--expires', 'soon')).rejects.toThrow("'duration'")
  await expect(keys('create', ...config, '--max-budget', '-1')).rejects.toThrow('US dollars')
})

it("needs neither the providers' keys nor the master key, but the store", async () => {
  const file = configuration('general_settings: {master_key: os.environ/NOT_SET_HERE}')
  const text = readFileSync(file, 'utf8').replace('api_key: x', 'api_key: os.environ/NOT_SET_HERE')
  writeFileSync(file, text)
  const made = await keys('create', '--config', file)
  expect(made.out).toMatch(/^sk-/)
  expect(made.err).not.toContain('no general_settings.master_key')
  writeFileSync(file, text.replace('sqlite:', 'mysql:/'))
  await expect(keys('list', '--config', file)).rejects.toThrow('tollgate_settings.store')
})

it('says that keys bound nobody while there is no master key', async () => {
  const made = await keys('create', '--config', configuration(''))
  expect(made.err).toContain('no general_settings.master_key')
})
