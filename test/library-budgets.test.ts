import { afterEach, describe, expect, it } from 'vitest'
import { Router } from '../src/index.ts'
import { startUpstream, type Upstream } from '../src/testing/index.ts'

const started: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const one of started.splice(0)) await one.close()
})

const messages = [{ role: 'user', content: 'hi' }]

async function upstream(): Promise<Upstream> {
  const one = await startUpstream()
  started.push({ close: () => one.stop() })
  return one
}

function deployment(pool: string, { baseUrl }: Upstream, more: object = {}) {
  const price = { input_cost_per_token: 0.000001, output_cost_per_token: 0.000002 }
  const at = { model: 'openai/gpt-4o-mini', api_key: 'sk-x', api_base: baseUrl }
  return { model_name: pool, litellm_params: { ...at, ...price, ...more } }
}

function router(options: ConstructorParameters<typeof Router>[0], alerts: unknown[] = []): Router {
  const one = new Router(options, { warn: () => {}, onBudget: alert => alerts.push(alert) })
  started.push(one)
  return one
}

describe('budgets in process', () => {
  it('bound the whole router, and tell once when they are used up', async () => {
    const here = await upstream()
    const alerts: unknown[] = []
    // 20 tokens in and 15 out cost $0.00005.
    const one = router(
      { model_list: [deployment('m', here)], litellm_settings: { max_budget: 0.0008, budget_duration: 'day' } },
      alerts,
    )
    let answered = 0
    let refusal: unknown
    for (let count = 0; count < 20 && !refusal; count++) {
      await one.completion({ model: 'm', messages, max_tokens: 15 }).then(
        () => answered++,
        error => {
          refusal = error
        },
      )
    }
    expect(refusal).toMatchObject({ kind: 'over_budget', code: 'insufficient_quota' })
    expect(here.log).toHaveLength(answered)
    // What is held for a call is more than it costs, so that the last of the money may stay.
    expect(answered).toBeGreaterThan(0)
    expect(answered).toBeLessThanOrEqual(16)
    await one.flush()
    await expect(one.completion({ model: 'm', messages, max_tokens: 15 })).rejects.toMatchObject({
      kind: 'over_budget',
    })
    expect(alerts).toMatchObject([{ event: 'budget_crossed', level: 'gateway', max_budget: 0.0008, period: 'day' }])
  })

  it('of a provider send calls elsewhere', async () => {
    const [here, there] = [await upstream(), await upstream()]
    const one = router({
      model_list: [deployment('m', here, { order: 1, max_budget: 0 }), deployment('m', there, { order: 2 })],
    })
    for (let count = 0; count < 3; count++) await one.completion({ model: 'm', messages, max_tokens: 15 })
    expect(here.log).toHaveLength(0)
    expect(there.log).toHaveLength(3)
  })

  it('of a deployment are spent to the last call that fits, then it is passed over', async () => {
    const [here, there] = [await upstream(), await upstream()]
    const one = router({
      model_list: [deployment('m', here, { order: 1, max_budget: 0.0006 }), deployment('m', there, { order: 2 })],
      num_retries: 0,
    })
    for (let count = 0; count < 12; count++) await one.completion({ model: 'm', messages, max_tokens: 15 })
    expect(here.log.length).toBeGreaterThan(2)
    expect(here.log.length).toBeLessThan(12)
    expect(here.log.length + there.log.length).toBe(12)
  })

  it('ask for fewer tokens where less is left, when the operator wants that', async () => {
    const here = await upstream()
    const one = router({
      model_list: [deployment('m', here)],
      litellm_settings: { max_budget: 0.001 },
      tollgate_settings: { budgets: { when_short: 'lower' } },
    })
    // 4,096 tokens of output would cost eight times the budget.
    await one.completion({ model: 'm', messages })
    const asked = here.log[0]?.body as { max_tokens?: number; max_completion_tokens?: number } | undefined
    const tokens = asked?.max_tokens ?? asked?.max_completion_tokens ?? Number.NaN
    expect(tokens).toBeGreaterThan(100)
    expect(tokens).toBeLessThan(500)
  })
})
