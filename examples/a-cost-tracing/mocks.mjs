import { startUpstream } from 'tollgate/testing'

/**
 * The environment for the router. With both keys it is the real one; without them local mocks stand in for the providers,
 * over HTTP and in the providers' own protocols: 50 ms, 20 tokens in, 15 out, an answer that quotes the prompt.
 */
export async function environment() {
  const { OPENAI_API_KEY, ANTHROPIC_API_KEY } = process.env
  if (OPENAI_API_KEY && ANTHROPIC_API_KEY) return { env: process.env, live: true, stop: async () => {} }
  const openai = await startUpstream({ latencyMs: 50 })
  const anthropic = await startUpstream({ latencyMs: 50 })
  return {
    env: {
      ...process.env,
      OPENAI_API_KEY: 'mock',
      ANTHROPIC_API_KEY: 'mock',
      // The same as api_base in the configuration. A self-hosted vLLM is put in place of a provider like this, too.
      OPENAI_API_BASE: openai.baseUrl,
      ANTHROPIC_API_BASE: anthropic.url,
    },
    live: false,
    stop: () => Promise.all([openai.stop(), anthropic.stop()]),
  }
}
