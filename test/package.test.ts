import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ensureBuilt, root } from './support/child.ts'

beforeAll(ensureBuilt, 200_000)

/** Inside the package, whose own name then leads to what it exports. */
const folder = join(root, 'dist', '.consumer')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const CONSUMER = `import { type ChatChunk, Failure, Router, summariseRun } from 'tollgate'
import { assemble, createGateway, loadConfig } from 'tollgate/gateway'
import type OpenAI from 'openai'
import { FakeClock, fault, startUpstream } from 'tollgate/testing'

const upstream = await startUpstream()
upstream.next(fault.status(429))
const entry = { model_name: 'fast', litellm_params: { model: 'openai/x', api_base: upstream.baseUrl, api_key: 'k' } }
const router = new Router({ model_list: [entry] }, { onSuccess: payload => void payload.response_cost.toFixed(2) })
const hello = { model: 'fast', messages: [{ role: 'user' as const, content: 'hi' }] }
const answer = await router.completion(hello)
const text: string | null | undefined = answer.choices[0]?.message.content
const calls: OpenAI.ChatCompletionMessageToolCall[] = answer.choices[0]?.message.tool_calls ?? []
const chunks: AsyncIterable<ChatChunk> = await router.completion({ ...hello, stream: true })
export async function agent(asked: OpenAI.ChatCompletionCreateParamsStreaming, plain: OpenAI.ChatCompletionCreateParams) {
  const pieces: string[] = []
  for await (const { created, choices } of await router.completion(asked))
    pieces.push(new Date(created).toISOString() + (choices[0]?.delta.tool_calls?.[0]?.function?.arguments ?? ''))
  await router.explain(plain)
  await router.completion({ ...hello, temperature: 0, top_k: 3 })
  // @ts-expect-error without messages
  await router.completion({ model: 'fast', temperature: 0 })
  const { data } = await router.embedding({ model: 'fast', input: 'hi' })
  const vectors: (number[] | string)[] = data.map(({ embedding }) => embedding)
  return { vectors, answer: await router.completion(plain) }
}
export const embed = (asked: OpenAI.EmbeddingCreateParams) => router.embedding(asked)
const config = loadConfig({ object: { model_list: [entry] } })
const { fastify } = createGateway(assemble(config).router, config.settings.gateway)
export { calls, chunks, Failure, FakeClock, fastify, summariseRun, text }
`

it.each([
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
])(
  'its types serve a strict program of %s that also checks libraries',
  { timeout: 150_000 },
  (module, moduleResolution) => {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'consumer.ts'), CONSUMER)
    const compilerOptions = {
      module,
      moduleResolution,
      target: 'es2023',
      lib: ['es2023'],
      types: ['node'],
      strict: true,
      noEmit: true,
      skipLibCheck: false,
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['consumer.ts'] }))
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' })
    expect(stdout.split('\n').filter(line => /^(\.\.\/)*(dist\/|consumer)|tollgate/.test(line))).toEqual([])
  },
)

it('its types bring none of the parser of configurations', () => {
  for (const name of readdirSync(join(root, 'dist')).filter(one => one.endsWith('.d.mts')))
    expect(readFileSync(join(root, 'dist', name), 'utf8'), name).not.toMatch(/Zod/)
})

it('holds the documents that its README leads to', () => {
  const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
  })
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }]
  const packed = new Set(files.map(({ path }) => path))
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const links = [...readme.matchAll(/\]\((docs\/[^)#]+\.md)/g)].map(([, path = '']) => path)
  expect(links.filter(path => !packed.has(path))).toEqual([])
  expect(links).toContain('docs/money.md')
})

it('holds the files that it names', () => {
  const { exports, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, string | Record<string, string>>
    bin: Record<string, string>
  }
  const named = [...Object.values(exports).flatMap(one => (typeof one === 'string' ? one : Object.values(one)))]
  for (const path of [...named, ...Object.values(bin)]) expect(() => readFileSync(join(root, path)), path).not.toThrow()
})
