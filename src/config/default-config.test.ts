import { describe, expect, it } from 'vitest'
import { defaultConfig } from './default-config.ts'
import { loadConfig } from './load-config.ts'

const load = (env: Record<string, string>) => loadConfig({ object: defaultConfig(env) }, { env })

describe('defaultConfig', () => {
  it('runs on the mock, with prices, when there is no key', () => {
    const { settings, findings } = load({})
    const { deployments, auto } = settings.routing
    expect(findings).toEqual([])
    expect(new Set(deployments.map(one => one.provider))).toEqual(new Set(['mock']))
    expect(deployments.every(one => one.mock && one.price && !one.apiKey)).toBe(true)
    expect(auto.auto).not.toHaveProperty('classifierPool')
  })

  it('uses every provider that has a key, and the preferred ones for tasks', () => {
    const { settings, findings } = load({ OPENAI_API_KEY: 'a', ANTHROPIC_API_KEY: 'b', GROQ_API_KEY: 'c' })
    const models = (pool: string) => {
      return settings.routing.deployments.filter(one => one.pool === pool).map(one => `${one.provider}/${one.model}`)
    }
    expect(findings).toEqual([])
    expect(models('fast')).toEqual([
      'openai/gpt-4o-mini',
      'anthropic/claude-haiku-4-5-20251001',
      'groq/llama-3.1-8b-instant',
    ])
    expect(models('creative')).toEqual(['anthropic/claude-sonnet-4-6'])
    expect(models('code')).toEqual(['openai/gpt-4o'])
    expect(settings.routing.poolStrategies.capable?.name).toBe('cost-based-routing')
    expect(settings.routing.auto.auto).toMatchObject({ classifierPool: 'fast', pools: { math: 'math' } })
  })

  it.each(['OPENAI', 'ANTHROPIC', 'MISTRAL', 'GEMINI', 'GROQ'])('works with a key of %s alone', name => {
    const { settings, findings } = load({ [`${name}_API_KEY`]: 'key' })
    expect(findings).toEqual([])
    expect(new Set(settings.routing.deployments.map(one => one.pool))).toEqual(
      new Set(['fast', 'capable', 'math', 'code', 'creative', 'default']),
    )
  })
})
