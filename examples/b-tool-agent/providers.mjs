import { startUpstream } from 'tollgate/testing'
import { WEATHER } from './tools.mjs'

/** The environment for the router: the real one when it holds a key, else local providers that can use tools. */
export async function environment() {
  if (process.env.OPENAI_API_KEY || process.env.MISTRAL_API_KEY) return { env: process.env, stop: async () => {} }
  return localProviders()
}

/** A stand-in for OpenAI and Mistral on this machine, 50 ms away. One for both, so that no two answers have the same id. */
export async function localProviders() {
  const upstream = await startUpstream({ latencyMs: 50, answer: decide, usage: 'count' })
  const env = {
    ...process.env,
    OPENAI_API_KEY: 'local',
    OPENAI_API_BASE: `${upstream.url}/openai/v1`,
    MISTRAL_API_KEY: 'local',
    MISTRAL_API_BASE: `${upstream.url}/mistral/v1`,
  }
  return { env, upstream, stop: () => upstream.stop() }
}

/** What a model does with the conversation so far: it asks for the tools that the question needs, then sums up. */
function decide({ messages, body, prompt, number }) {
  const asked = messages.findLastIndex(message => message.role === 'user')
  const results = messages.slice(asked + 1).filter(message => message.role === 'tool')
  // Tools run side by side, so their results may come in any order.
  results.sort((a, b) => a.tool_call_id.localeCompare(b.tool_call_id))
  if (results.length > 0) return results.map(result => result.content).join('. ')
  const offered = new Set((body.tools ?? []).map(tool => tool.function.name))
  const calls = wishes(prompt).filter(call => offered.has(call.name))
  if (calls.length === 0) return 'I have no tool for that.'
  return { toolCalls: calls.map((call, index) => ({ id: `call_${number}_${index}`, ...call })) }
}

/** The tools that a question asks for: a city's weather, and arithmetic. */
function wishes(question) {
  const cities = /weather/i.test(question) ? Object.keys(WEATHER).filter(city => question.includes(city)) : []
  const [expression] = question.match(/\d[\d\s.]*(?:[-+*/]\s*[\d(][\d\s.()]*)+/) ?? []
  return [
    ...cities.map(city => ({ name: 'get_weather', arguments: { city } })),
    ...(expression ? [{ name: 'calculate', arguments: { expression: expression.trim() } }] : []),
  ]
}
