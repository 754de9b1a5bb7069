// node run.mjs: traffic through pools by task and tier, with providers that fail. See README.md.
import { join } from 'node:path'
import { Router } from 'tollgate'
import { fault } from 'tollgate/testing'
import { escalations, formatTable, poolOf, poolTable, readLines } from './monitoring.mjs'
import { TRAFFIC } from './prompts.mjs'
import { localProviders } from './providers.mjs'

const TOO_LONG = fault.status(400, {
  code: 'context_length_exceeded',
  type: 'invalid_request_error',
  message: 'This model has a context window of 128,000 tokens; your messages have more.',
})
const runId = `pools-${new Date().toISOString()}`
const live = Boolean(process.env.OPENAI_API_KEY && process.env.ANTHROPIC_API_KEY)
const local = live ? undefined : await localProviders()
const router = await Router.fromConfig(join(import.meta.dirname, 'config.yaml'), {
  env: local?.env ?? process.env,
  runId,
})

try {
  await classification()
  await strategies()
  if (local) await failures()
} finally {
  await router.close()
  await local?.stop()
}
report()

async function classification() {
  heading('auto: the rules decide for free, and a model only what they leave open')
  for (const prompt of Object.values(TRAFFIC).flat()) await ask('auto', prompt)
}

async function strategies() {
  heading('fast: by latency. capable: by cost')
  for (let call = 0; call < 4; call++) await ask('fast', 'Name a colour')
  for (let call = 0; call < 2; call++) await ask('capable', 'Compare three ways to store events')
}

async function failures() {
  const { openai, anthropic } = local
  heading('gpt-4o answers 429: code falls back to capable, and after three failures its deployment rests for 60 s')
  openai.when(({ model }) => model === 'gpt-4o', fault.status(429))
  await ask('auto', TRAFFIC.code[0])
  const { candidates } = await router.explain({ model: 'code', messages: [{ role: 'user', content: 'x' }] })
  for (const { deployment, excluded } of candidates) console.log(`    ${deployment}: ${excluded ?? 'takes calls'}`)
  await ask('auto', TRAFFIC.code[1])

  heading('claude-sonnet-4-6 answers 500 as well: creative falls back to capable, whose fallback is fast')
  anthropic.when(({ model }) => model === 'claude-sonnet-4-6', fault.status(500))
  await ask('auto', TRAFFIC.creative[0])

  heading('both are well again, but the prompt is too long for capable: a larger window')
  openai.when(({ model }) => model === 'gpt-4o', TOO_LONG)
  anthropic.when(({ model }) => model === 'claude-sonnet-4-6', TOO_LONG)
  await ask('capable', 'Summarize this book')

  heading('a call that forbids fallbacks tells its failure')
  anthropic.always(fault.status(500))
  await ask('creative', 'Write a haiku', { disable_fallbacks: true, num_retries: 0 })
}

async function ask(model, prompt, options = {}) {
  const request = { model, messages: [{ role: 'user', content: prompt }], max_tokens: 100 }
  // A failure is told by the callback.
  await router.completion({ ...request, ...options }).catch(() => {})
  await router.flush()
}

function report() {
  const lines = readLines('pool-calls.jsonl').filter(line => line.run_id === runId)
  heading('who classified what')
  for (const line of lines.filter(line => line.classification))
    console.log(
      `  ${line.classification.task.padEnd(8)}  by ${line.classification.by.padEnd(5)}  ${line.classification.reason}`,
    )
  heading('the first week: share, fallback rate and cost per pool, beside sending everything to capable')
  console.log(formatTable(poolTable(lines)))
  const capable = lines.filter(line => line.provider && line.attempts.at(-1)?.pool === 'capable').length / lines.length
  console.log(`\n${(capable * 100).toFixed(1)} % were answered by capable (over 90 %: the classifier is too careful)`)
  heading('escalations, to be judged by hand')
  for (const line of escalations(lines))
    console.log(
      `  ${poolOf(line)} → ${line.attempts.at(-1).pool}: ${line.attempts.map(one => one.error ?? 'ok').join(', ')}`,
    )
}

function heading(text) {
  console.log(`\n── ${text}\n`)
}
