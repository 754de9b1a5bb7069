// node run.mjs [config.yaml]: four prompts through one router, then a provider that answers 429. See README.md.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Router } from 'tollgate'
import { fault, startUpstream } from 'tollgate/testing'
import { environment } from './mocks.mjs'
import { PROMPTS } from './prompts.mjs'

const CONFIG = process.argv[2] ?? join(import.meta.dirname, 'config.yaml')
const finished = []
const remember = call => finished.push(call)

const { env, live, stop } = await environment()
console.log(
  live ? 'Providers: OpenAI and Anthropic' : 'Providers: local mocks (set OPENAI_API_KEY and ANTHROPIC_API_KEY)',
)

await withRouter(env, async router => {
  for (const { label, text } of PROMPTS) {
    heading(label)
    await ask(router, text)
  }
})

heading('the same question while the fast model answers 429')
const refusing = openai => openai.always(fault.status(429, { retryAfter: '1' }))
await withOpenAI(refusing, changed => withRouter(changed, router => ask(router, PROMPTS[0].text)))

heading('and while it needs 900 ms: once this is measured, calls go to the capable one')
const slow = openai => openai.script({ latencyMs: 900 })
await withOpenAI(slow, changed =>
  withRouter(changed, async router => {
    await ask(router, PROMPTS[0].text)
    console.log()
    await ask(router, PROMPTS[0].text)
  }),
)

heading('calls.jsonl: the same calls, linked to their spans by trace_id')
const lines = readFileSync('calls.jsonl', 'utf8').trimEnd().split('\n').slice(-finished.length)
for (const { trace_id, model, prompt_tokens, completion_tokens, cost_usd } of lines.map(line => JSON.parse(line)))
  console.log(
    `${trace_id}  ${model}  ${prompt_tokens}+${completion_tokens} tokens  ${cost_usd === null ? 'unpriced' : `$${cost_usd.toFixed(8)}`}`,
  )
const total = finished.reduce((sum, call) => sum + BigInt(call.response_cost_nano_usd), 0n)
console.log(`\n${finished.length} calls, ${dollars(total)} together`)
await stop()

/** Explains where a prompt will go, sends it there, and tells what it cost. */
async function ask(router, text) {
  const request = { model: 'auto', messages: [{ role: 'user', content: text }], max_tokens: 256 }
  const plan = await router.explain(request)
  console.log(`decision   ${plan.chosen.deployment}: ${plan.because}`)
  console.log(`if it fails ${plan.fallbacks.join(', ')}\n`)
  // The spans are printed here, when the call ends: they are exported synchronously.
  const answer = await router.completion({ ...request, metadata: { routing_strategy: 'cost-aware' } })
  await router.flush()
  const call = finished.at(-1)
  console.log(`\nanswer     ${answer.choices[0].message.content.slice(0, 60)}`)
  console.log(
    `cost       ${dollars(BigInt(call.response_cost_nano_usd))} for ${call.prompt_tokens}+${call.completion_tokens} tokens`,
  )
  console.log(`latency    ${Math.round(call.latency_ms)} ms, ${call.attempts.length} attempt(s)`)
}

/** A router from the configuration, closed in any case: closing writes out what waits. */
async function withRouter(environment, use) {
  const router = await Router.fromConfig(CONFIG, { env: environment, onSuccess: remember, onFailure: remember })
  try {
    await use(router)
  } finally {
    await router.close()
  }
}

/** The environment with a local OpenAI that does not behave well. */
async function withOpenAI(misbehave, use) {
  const openai = await startUpstream()
  misbehave(openai)
  await use({ ...env, OPENAI_API_KEY: 'mock', OPENAI_API_BASE: openai.baseUrl })
  await openai.stop()
}

function heading(text) {
  console.log(`\n── ${text} ${'─'.repeat(Math.max(0, 96 - text.length))}\n`)
}

/** Nano-dollars as dollars, without a float in between. */
function dollars(nano) {
  return `$${nano / 1_000_000_000n}.${String(nano % 1_000_000_000n).padStart(9, '0')}`
}
