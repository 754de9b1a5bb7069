import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { VERSION } from '../src/core/version.ts'
import { ensureBuilt } from './support/child.ts'
import { type ServedProcess, serveProcess } from './support/serve.ts'
import { Stage } from './support/stage.ts'
import { modelList } from './support/yaml.ts'

describe("LiteLLM's headers about the key", { timeout: 150_000 }, () => {
  const stage = new Stage()
  let served: ServedProcess
  beforeAll(async () => {
    await ensureBuilt()
    const { baseUrl } = await stage.upstream()
    served = await serveProcess(stage, modelList({ pool: 'fast', baseUrl, input: '0.001', output: '0.002' }))
  }, 200_000)
  afterAll(() => stage.clear())

  const told = (headers: Headers) =>
    Object.fromEntries([...headers].filter(([name]) => name.startsWith('x-litellm-key-')))

  it('tell its limits, and what it has spent with this call', async () => {
    const key = await served.key({ max_budget: 100, rpm_limit: 50, tpm_limit: 100_000 })
    let spent = 0
    for (let call = 1; call <= 3; call++) {
      const { headers } = await served.chat('fast', key, { max_tokens: 10 })
      spent += Number(headers.get('x-litellm-response-cost'))
      expect(told(headers)).toEqual({
        'x-litellm-key-max-budget': '100.000000000',
        'x-litellm-key-rpm-limit': '50',
        'x-litellm-key-tpm-limit': '100000',
        'x-litellm-key-spend': spent.toFixed(9),
      })
      expect(headers.get('x-litellm-version')).toBe(VERSION)
      const [all, ours] = ['response', 'overhead'].map(what => Number(headers.get(`x-litellm-${what}-duration-ms`)))
      expect(all).toBeGreaterThan(0)
      expect(ours).toBeLessThan(all ?? 0)
    }
    expect(spent).toBeGreaterThan(0)
  })

  it('tell at the beginning of a stream what was spent before it', async () => {
    const key = await served.key({ max_budget: 100 })
    const whole = await served.chat('fast', key, { max_tokens: 10 })
    const cost = Number(whole.headers.get('x-litellm-response-cost'))
    const { headers } = await served.chat('fast', key, { max_tokens: 10, stream: true })
    // A short one may have ended before its head is written.
    expect([cost, 2 * cost]).toContain(Number(headers.get('x-litellm-key-spend')))
  })

  it('tell nothing of what nothing bounds', async () => {
    expect(told((await served.chat('fast', await served.key({}))).headers)).toEqual({})
    expect(told((await served.chat('fast', served.master)).headers)).toEqual({})
  })
})
