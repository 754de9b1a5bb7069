import { findHost } from '../providers/catalogue.ts'
import type { Environment } from './environment.ts'

/** One provider of the embedded configuration: its small model and its large one. */
interface Choice {
  readonly host: string
  readonly small: string
  readonly large: string
}

/** In order of preference. */
const CHOICES: readonly Choice[] = [
  { host: 'openai', small: 'gpt-4o-mini', large: 'gpt-4o' },
  { host: 'anthropic', small: 'claude-haiku-4-5-20251001', large: 'claude-sonnet-4-6' },
  { host: 'mistral', small: 'mistral-small-latest', large: 'mistral-large-latest' },
  { host: 'gemini', small: 'gemini-2.5-flash', large: 'gemini-2.5-pro' },
  { host: 'groq', small: 'llama-3.1-8b-instant', large: 'llama-3.3-70b-versatile' },
]

/** Which size answers in a pool, and whose models are preferred there when there is a key for them. */
const POOLS: readonly {
  readonly pool: string
  readonly size: 'small' | 'large'
  readonly prefer?: readonly string[]
}[] = [
  { pool: 'fast', size: 'small' },
  { pool: 'capable', size: 'large' },
  { pool: 'math', size: 'large', prefer: ['anthropic', 'openai'] },
  { pool: 'code', size: 'large', prefer: ['openai'] },
  { pool: 'creative', size: 'large', prefer: ['anthropic'] },
  { pool: 'default', size: 'small', prefer: ['openai'] },
]

/**
 * The configuration that the gateway starts with when there is none: pools by tier and by task on every provider for
 * which the environment holds a key, else on the built-in mock, which needs no network. In LiteLLM's names.
 */
export function defaultConfig(env: Environment = process.env): object {
  const available = CHOICES.filter(({ host }) => findHost(host)?.keyVariables.some(name => env[name]))
  return {
    model_list: POOLS.flatMap(one => deploymentsOf(one, available)),
    router_settings: {
      routing_strategy: 'simple-shuffle',
      routing_groups: [
        { group_name: 'fast', models: ['fast', 'default'], routing_strategy: 'latency-based-routing' },
        { group_name: 'capable', models: ['capable'], routing_strategy: 'cost-based-routing' },
      ],
      fallbacks: [
        { math: ['capable', 'default'] },
        { code: ['capable', 'default'] },
        { creative: ['capable', 'default'] },
        { default: ['fast', 'capable'] },
        { fast: ['capable'] },
        { capable: ['fast'] },
      ],
      context_window_fallbacks: [{ fast: ['capable'] }, { default: ['capable'] }],
      enable_pre_call_checks: true,
      num_retries: 2,
      retry_after: 0.5,
      timeout: 30,
      allowed_fails: 2,
      cooldown_time: 60,
    },
    litellm_settings: { drop_params: true },
    tollgate_settings: {
      routing: {
        auto: {
          auto: {
            pools: { math: 'math', code: 'code', creative: 'creative', default: 'default' },
            ...(available.length > 0 && { classifier_pool: 'fast' }),
          },
        },
      },
    },
  }
}

function deploymentsOf({ pool, size, prefer }: (typeof POOLS)[number], available: readonly Choice[]): object[] {
  if (available.length === 0) return [mockDeployment(pool, size)]
  const preferred = prefer ? available.filter(one => prefer.includes(one.host)) : available
  const chosen = preferred.length > 0 ? preferred : available
  return chosen.map(one => ({ model_name: pool, litellm_params: { model: `${one.host}/${one[size]}` } }))
}

/** Priced like a real model of its size, so that costs can be seen without spending any. */
function mockDeployment(pool: string, size: 'small' | 'large'): object {
  const prices =
    size === 'small'
      ? { input_cost_per_token: 0.00000015, output_cost_per_token: 0.0000006 }
      : { input_cost_per_token: 0.0000025, output_cost_per_token: 0.00001 }
  return { model_name: pool, litellm_params: { model: `mock/${pool}`, ...prices } }
}
