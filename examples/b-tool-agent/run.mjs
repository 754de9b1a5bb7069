// node run.mjs: a tool-calling agent, in process and through the gateway. See README.md.
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { formatSummary, Router, summariseRun } from 'tollgate'
import { fault } from 'tollgate/testing'
import { loopAgent, prebuiltAgent } from './agents.mjs'
import { environment, localProviders } from './providers.mjs'
import { inProcess, throughGateway } from './ways.mjs'

const CONFIG = join(import.meta.dirname, 'config.yaml')
const LINES = 'agent-calls.jsonl'
const QUESTIONS = [
  'What is the weather in Paris?',
  'What is 17 * 43 + 100?',
  'What is the weather in Tokyo, and what is 512 / 8?',
]
const runId = `agent-${new Date().toISOString()}`

const providers = await environment()
for (const [way, open] of [
  ['in process', inProcess],
  ['through the gateway', throughGateway],
])
  for (const [kind, ask] of [
    ['createAgent', prebuiltAgent],
    ['plain loop', loopAgent],
  ])
    await using(open, providers, async model => {
      console.log(`\n── ${way}, ${kind}\n`)
      for (const question of QUESTIONS) console.log(`Q  ${question}\nA  ${await ask(model, question)}`)
    })
await providers.stop()

await failInTheMiddle()
await fewerKeys()

console.log(`\n── ${LINES}: one line per LLM call of run ${runId}\n`)
for await (const line of linesOfRun()) console.log(short(JSON.parse(line)))
console.log(`\n${formatSummary(await summariseRun(linesOfRun()))}`)

/** One answer fails, then both providers do: the agent breaks off after its first call, and neither line is lost. */
async function failInTheMiddle() {
  const local = await localProviders()
  await using(inProcess, local, async model => {
    console.log('\n── whichever provider is asked first answers 500: the other one takes over\n')
    local.upstream.next(fault.status(500))
    console.log(`Q  ${QUESTIONS[1]}\nA  ${await loopAgent(model, QUESTIONS[1])}`)

    console.log('\n── the agent fails in the middle: the answer to the tool result is refused by both\n')
    const second = request => request.messages.some(message => message.role === 'tool')
    local.upstream.when(second, fault.status(400))
    const error = await loopAgent(model, QUESTIONS[1]).catch(error => error)
    console.log(`Q  ${QUESTIONS[1]}\n✗  ${error.message.split('\n')[0]}`)
  })
  await local.stop()
}

/** A deployment without its key is left out with a warning; without any, the router is not even made. */
async function fewerKeys() {
  console.log('\n── one key is enough\n')
  const { env, stop } = await localProviders()
  const { OPENAI_API_KEY, ...oneKey } = env
  const router = await Router.fromConfig(CONFIG, { env: { ...oneKey, OPENAI_API_BASE: undefined }, runId })
  for (const { path, message } of router.findings) console.log(`!  ${path}: ${message}`)
  const { model } = await router.completion({
    model: 'primary-agent-model',
    messages: [{ role: 'user', content: 'Hi' }],
  })
  console.log(`primary-agent-model is answered by ${model}`)
  await router.close()
  await stop()

  console.log('\n── and none is not\n')
  const error = await Router.fromConfig(CONFIG, { env: {} }).catch(error => error)
  console.log(`✗  ${error.message}`)
}

/** Closing writes out the lines, also when the agent throws. */
async function using(open, { env }, use) {
  const way = await open(CONFIG, { env, runId })
  try {
    await use(way.model)
  } finally {
    await way.close()
  }
}

/** The file may hold earlier runs. */
async function* linesOfRun() {
  for await (const line of createInterface({ input: createReadStream(LINES) }))
    if (JSON.parse(line).run_id === runId) yield line
}

function short({ model, status, latency_s, cost_usd, prompt_tokens, completion_tokens, attempts }) {
  const line = { model, status, latency_s, cost_usd, prompt_tokens, completion_tokens, attempts: attempts.length }
  return JSON.stringify(line)
}
