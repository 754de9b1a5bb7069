import { expect, it } from 'vitest'
import { Router } from '../src/library/router.ts'

it('names a fallback once, though the tiers and the configuration both lead to it', async () => {
  const entry = (pool: string, model: string) => ({
    model_name: pool,
    litellm_params: { model, api_base: 'http://127.0.0.1:9/v1', api_key: 'unused' },
  })
  const router = new Router({
    model_list: [entry('fast', 'openai/gpt-4o-mini'), entry('capable', 'openai/gpt-4o')],
    fallbacks: [{ fast: ['capable'] }],
    tollgate_settings: { routing: { pool: 'auto', cheap: 'fast', capable: 'capable' } },
  })
  const { pool, fallbacks } = await router.explain({ model: 'auto', messages: [{ role: 'user', content: 'Hi' }] })
  expect({ pool, fallbacks }).toEqual({ pool: 'fast', fallbacks: ['capable'] })
  await router.close()
})
