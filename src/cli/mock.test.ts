import { afterEach, expect, it } from 'vitest'
import { startUpstream } from '../testing/index.ts'
import { mockCommand } from './mock.ts'

/** A running `tollgate mock`: its lines, its address and a way to interrupt it as a terminal would. */
interface Running {
  readonly lines: readonly string[]
  readonly url: string
  line(pattern: RegExp): Promise<string>
  interrupt(): Promise<void>
}

let running: Running | undefined
afterEach(async () => {
  await running?.interrupt()
  running = undefined
})

async function run(...args: string[]): Promise<Running> {
  const lines: string[] = []
  const waiting: (() => void)[] = []
  const before = new Set(process.listeners('SIGINT'))
  const command = mockCommand().exitOverride()
  command.configureOutput({
    writeOut: text => {
      lines.push(text.trimEnd())
      for (const look of waiting) look()
    },
    writeErr: () => {},
  })
  const done = command.parseAsync(['--port', '0', ...args], { from: 'user' })
  const line = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = lines.find(text => pattern.test(text))
        if (found !== undefined) resolve(found)
      }
      waiting.push(look)
      done.catch(reject)
      look()
    })
  const address = /http:\S+/.exec(await line(/^mock upstream on/))?.[0] ?? ''
  await line(/^try: curl/)
  running = {
    lines,
    url: address,
    line,
    interrupt: async () => {
      for (const listener of process.listeners('SIGINT')) if (!before.has(listener)) listener('SIGINT')
      await done
    },
  }
  return running
}

const ask = (url: string) =>
  fetch(`${url}/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'What is 2+2?' }] }),
  })

it('answers with the given counts, writes a line per request, and stops cleanly when interrupted', async () => {
  const mock = await run(
    '--latency-ms',
    '0',
    '--prompt-tokens',
    '7',
    '--completion-tokens',
    '8',
    '--models',
    'a,b',
    'c',
  )
  const answer = (await (await ask(mock.url)).json()) as { choices: { message: { content: string } }[]; usage: unknown }
  expect(answer.choices[0]?.message.content).toBe('Mock answer to: "What is 2+2?"')
  expect(answer.usage).toEqual({ prompt_tokens: 7, completion_tokens: 8, total_tokens: 15 })
  expect(await mock.line(/POST/)).toMatch(/ POST \/v1\/chat\/completions gpt-4o-mini 200 7\+8 tokens \d+ ms$/)
  const models = (await (await fetch(`${mock.url}/models`)).json()) as { data: { id: string }[] }
  expect(models.data.map(model => model.id)).toEqual(['a', 'b', 'c'])
  await mock.interrupt()
  expect(mock.lines.at(-1)).toBe('stopped')
  await expect(ask(mock.url)).rejects.toThrow('fetch failed')
})

it('waits 50 ms unless told otherwise', async () => {
  const mock = await run()
  const start = performance.now()
  await (await ask(mock.url)).text()
  expect(performance.now() - start).toBeGreaterThanOrEqual(49)
})

it('fails every request with --fault alone', async () => {
  const mock = await run('--latency-ms', '0', '--fault', '429')
  const response = await ask(mock.url)
  expect([response.status, response.headers.get('retry-after')]).toEqual([429, '1'])
  expect(await mock.line(/POST/)).toMatch(/ 429 \d+ ms fault: status 429$/)
})

it('fails a share of the requests with --fail, the same ones for the same seed', async () => {
  const seen: string[] = []
  for (let round = 0; round < 2; round++) {
    const mock = await run('--latency-ms', '0', '--fail', '0.5', '--seed', '3', '--quiet')
    const statuses: number[] = []
    for (let count = 0; count < 20; count++) statuses.push((await ask(mock.url)).status)
    expect(new Set(statuses)).toEqual(new Set([200, 500]))
    seen.push(statuses.join())
    await mock.interrupt()
    expect(mock.lines).toHaveLength(3)
  }
  expect(seen[0]).toBe(seen[1])
})

it('says that the port is in use, with exit code 1', async () => {
  await using other = await startUpstream()
  const starting = run('--port', String(other.port))
  await expect(starting).rejects.toMatchObject({ exitCode: 1, message: expect.stringContaining('is in use') })
})

it.each([
  [['--fault', 'nonsense'], /one of reset, hang-up/],
  [['--fault', 'constructor'], /one of reset, hang-up/],
  [['--fail', '2'], /from 0 to 1/],
  [['--fail', ''], /from 0 to 1/],
  [['--port', '4x'], /whole number/],
])('refuses %j', async (args, message) => {
  await expect(run(...args)).rejects.toThrow(message)
})

it('shows examples and the faults in its help', () => {
  const help = mockHelp()
  expect(help).toMatch(/Examples:\n\s+\$ tollgate mock/)
  expect(help).toContain('gzip-bomb')
})

/** The whole help, with what stands after the options. */
function mockHelp(): string {
  const texts: string[] = []
  mockCommand()
    .configureOutput({ writeOut: text => texts.push(text) })
    .outputHelp()
  return texts.join('')
}
