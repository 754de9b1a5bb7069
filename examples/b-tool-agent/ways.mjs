import { ChatOpenAI } from '@langchain/openai'
import { Router } from 'tollgate'
import { createGateway, loadConfig, open } from 'tollgate/gateway'

const MODEL = 'primary-agent-model'

/** In this process: no server, no port. LangChain is given the router's fetch; the URL is never dialled. */
export async function inProcess(config, { env, runId }) {
  const router = await Router.fromConfig(config, { env, runId })
  const configuration = { baseURL: 'http://in-process/v1', fetch: router.fetch }
  return { model: chat(configuration), close: () => router.close() }
}

/** Over HTTP, as any program in any language would: only the base URL differs from OpenAI's own. */
export async function throughGateway(config, { env, runId }) {
  const assembly = await open(loadConfig({ path: config }, { env }), { kind: 'server', env, path: config, runId })
  const gateway = createGateway(assembly.router)
  const url = await gateway.listen({ port: 0 })
  return {
    model: chat({ baseURL: `${url}/v1` }),
    async close() {
      await gateway.stop()
      await assembly.close()
    },
  }
}

/** The router retries already: a client that retries as well would multiply the attempts. */
function chat(configuration) {
  return new ChatOpenAI({ model: MODEL, apiKey: 'unused', temperature: 0, maxRetries: 0, configuration })
}
