import { Router } from '../../src/index.ts'
import type { Upstream } from '../../src/testing/index.ts'
import type { Stage } from '../support/stage.ts'
import { modelList, PLAIN } from '../support/yaml.ts'

/** What a client needs to reach tollgate. */
export interface Way {
  readonly baseURL: string
  readonly fetch?: typeof fetch
}

/** How an application reaches the pool `fast`: over HTTP, and wholly within its own process. */
export const waysToReach = (stage: Stage): readonly (readonly [string, (upstream: Upstream) => Promise<Way>])[] => [
  [
    'through the gateway',
    async upstream => {
      const { baseUrl } = await stage.gateway(modelList({ pool: 'fast', baseUrl: upstream.baseUrl }) + PLAIN)
      return { baseURL: baseUrl }
    },
  ],
  [
    'in process',
    async upstream => {
      const params = { model: 'openai/gpt-4o-mini', api_base: upstream.baseUrl, api_key: 'sk-upstream' }
      const router = new Router({ model_list: [{ model_name: 'fast', litellm_params: params }], num_retries: 0 })
      stage.later(() => router.close())
      return { baseURL: 'http://in-process.invalid/v1', fetch: router.fetch }
    },
  ],
]
