import { startUpstream } from 'tollgate/testing'

/** OpenAI and Anthropic on this machine, each in its own protocol; the second one is slower. */
export async function localProviders() {
  const openai = await startUpstream({ latencyMs: 20, answer, usage: 'count' })
  const anthropic = await startUpstream({ latencyMs: 80, answer, usage: 'count' })
  return {
    openai,
    anthropic,
    env: {
      ...process.env,
      OPENAI_API_KEY: 'local',
      OPENAI_API_BASE: openai.baseUrl,
      ANTHROPIC_API_KEY: 'local',
      ANTHROPIC_API_BASE: anthropic.url,
    },
    stop: () => Promise.all([openai.stop(), anthropic.stop()]),
  }
}

function answer({ body, prompt, model }) {
  // The classifying call is the only one that allows no more than 5 tokens.
  return body.max_tokens === 5
    ? task(prompt)
    : `${model} answers at some length, as it would to a person who had asked it.`
}

function task(prompt) {
  if (/trains|how many/i.test(prompt)) return 'Math.'
  return /build/.test(prompt) ? 'code' : 'default'
}
