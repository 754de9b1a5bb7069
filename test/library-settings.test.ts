import { afterEach, describe, expect, it } from 'vitest'
import { ConfigError, Router } from '../src/index.ts'

const opened: Router[] = []
afterEach(async () => {
  for (const router of opened.splice(0)) await router.close()
})

const messages = [{ role: 'user', content: 'hi' }]
const MODELS = [{ model_name: 'm', litellm_params: { model: 'mock/m' } }]

function open(settings: object, warned: string[] = []): Router {
  const router = new Router({ model_list: MODELS, ...settings }, { warn: message => warned.push(message), env: {} })
  opened.push(router)
  return router
}

it('a router that is closed refuses all calls, also those that would dial nobody', async () => {
  const router = open({})
  await router.completion({ model: 'm', messages })
  await router.close()
  const refused = { kind: 'unavailable', code: 'stopping' }
  await expect(router.completion({ model: 'm', messages })).rejects.toMatchObject(refused)
  await expect(router.completion({ model: 'm', messages, stream: true })).rejects.toMatchObject(refused)
})

describe('settings of a router that is made at once', () => {
  it.each([
    ['tollgate_settings', { tollgate_settings: { limits: { rpm: 1 } } }],
    ['general_settings', { general_settings: { global_max_parallel_requests: 0 } }],
  ])('limit what all callers ask: %s', async (_, settings) => {
    const router = open(settings)
    const asked = [1, 2].map(() => router.completion({ model: 'm', messages }))
    const ended = await Promise.allSettled(asked)
    expect(ended.at(-1)).toMatchObject({ status: 'rejected', reason: { kind: 'limited' } })
  })

  it.each([
    ['a store', { tollgate_settings: { store: 'keys.db' } }, /^a store and Redis need Router\.fromConfig/],
    ['Redis', { redis_host: 'localhost' }, /^a store and Redis need Router\.fromConfig/],
    ['traces', { tollgate_settings: { telemetry: { traces: { exporter: 'otlp' } } } }, /^telemetry\.traces is without/],
    ['a module', { litellm_settings: { success_callback: ['./mine.mjs'] } }, /^callbacks by name are without effect/],
  ])('that it cannot wait for are warned of: %s', (_, settings, message) => {
    const warned: string[] = []
    open(settings, warned)
    expect(warned).toEqual([expect.stringMatching(message)])
  })

  it('warn of nothing where a tracer is given, or traces are turned off', () => {
    const warned: string[] = []
    open({ tollgate_settings: { telemetry: { traces: { exporter: 'none' } } } }, warned)
    expect(warned).toEqual([])
  })

  it('need no master key, whose variable is reported', () => {
    const router = open({ general_settings: { master_key: 'os.environ/NOT_SET' } })
    const reported = { severity: 'report', path: 'general_settings.master_key' }
    expect(router.findings).toEqual([expect.objectContaining(reported)])
  })

  it('take functions among the names of litellm_settings', async () => {
    const told: string[] = []
    const warned: string[] = []
    const litellm_settings = {
      success_callback: [() => void told.push('listed'), './mine.mjs'],
      failure_callback: () => void told.push('failed'),
    }
    const router = open({ litellm_settings, success_callback: () => void told.push('beside') }, warned)
    await router.completion({ model: 'm', messages })
    await router.completion({ model: 'm', messages, mock_response: 'litellm.RateLimitError' }).catch(() => {})
    await router.flush()
    expect(told).toEqual(['listed', 'beside', 'failed'])
    expect(warned).toEqual([expect.stringMatching(/^callbacks by name are without/)])
  })

  it('refuse names where functions are expected', () => {
    const made = () => open({ success_callback: ['otel'] })
    expect(made).toThrow(ConfigError)
    expect(made).toThrow('success_callback: expected functions; names of callbacks stand in litellm_settings')
  })
})
