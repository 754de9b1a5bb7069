import { startUpstream, type Upstream, type UpstreamOptions, type UpstreamRequest } from '../testing/index.ts'

export interface DemoPrompt {
  readonly label: string
  readonly text: string
}

const WORDS = ['the', 'measured', 'values', 'rose', 'again', 'while', 'costs', 'fell']
const LONG = Array.from({ length: 800 }, (_, at) => WORDS[at % WORDS.length]).join(' ')

export const DEMO_PROMPTS: readonly DemoPrompt[] = [
  { label: 'a short question', text: 'What is 2+2?' },
  { label: 'a paragraph', text: 'Summarize the history of the Roman Empire in one paragraph.' },
  { label: 'a long text', text: `Analyze this text: ${LONG}` },
]

/** Both tiers are seen with it; a prompt would need some 5,600 tokens to cross $0.001 at the fast model's prices. */
export const COST_THRESHOLD_USD = 0.0002
export const LATENCY_THRESHOLD_MS = 800

/** Two providers on this machine, each in its own protocol. */
export interface Scene {
  readonly openai: Upstream
  readonly anthropic: Upstream
  stop(): Promise<void>
}

export async function startScene(): Promise<Scene> {
  const openai = await startUpstream(behaviour(prompt => (prompt.includes('2+2') ? '2 + 2 = 4.' : ROME)))
  const anthropic = await startUpstream(behaviour(() => ANALYSIS))
  return {
    openai,
    anthropic,
    async stop() {
      await openai.stop()
      await anthropic.stop()
    },
  }
}

const ROME =
  'Rome grew from a city on the Tiber into a republic that ruled the Mediterranean, became an empire under Augustus in ' +
  '27 BC, reached its widest extent under Trajan, was divided by Diocletian, and ended in the West in 476 and in the ' +
  'East in 1453.'

const ANALYSIS =
  'The text repeats one observation: measured values rise while costs fall. It states no time, unit or cause, so the trend ' +
  'is asserted rather than shown. A figure per step, and the conditions under which it was taken, would make it a finding.'

function behaviour(say: (prompt: string) => string): UpstreamOptions {
  return { latencyMs: 50, answer: request => say(request.prompt), usage: countTokens }
}

/** About four characters to a token, as English has it, and a few around a message. */
function countTokens({ prompt }: UpstreamRequest, text: string) {
  return { inputTokens: Math.ceil(prompt.length / 4) + 4, outputTokens: Math.ceil(text.length / 4) }
}

/** The configuration, as it could stand in a file. */
export function sceneConfig({ openai, anthropic }: Pick<Scene, 'openai' | 'anthropic'>): object {
  return {
    model_list: [
      {
        model_name: 'fast-model',
        litellm_params: {
          model: 'openai/gpt-4o-mini',
          api_base: openai.baseUrl,
          api_key: 'demo',
          rpm: 500,
          tpm: 200_000,
          cost_per_1k_input_tokens: 0.00015,
          cost_per_1k_output_tokens: 0.0006,
        },
      },
      {
        model_name: 'capable-model',
        litellm_params: {
          model: 'anthropic/claude-3-5-haiku-20241022',
          api_base: anthropic.url,
          api_key: 'demo',
          rpm: 100,
          tpm: 100_000,
          cost_per_1k_input_tokens: 0.0008,
          cost_per_1k_output_tokens: 0.004,
        },
      },
    ],
    router_settings: {
      routing_strategy: 'latency-based-routing',
      num_retries: 2,
      retry_after: 1,
      cooldown_time: 30,
      fallbacks: [{ 'fast-model': ['capable-model'] }],
    },
    tollgate_settings: {
      routing: {
        pool: 'auto',
        cheap: 'fast-model',
        capable: 'capable-model',
        cost_threshold_usd: COST_THRESHOLD_USD,
        latency_threshold_ms: LATENCY_THRESHOLD_MS,
      },
    },
  }
}
