/** What an upstream speaks. `mock` needs no upstream at all. */
export type ProtocolName = 'openai' | 'anthropic' | 'azure' | 'mock'

/** Where a host departs from OpenAI's API, as far as its documentation says so. Absent means: as OpenAI does. */
export interface Quirks {
  /** Serves `/embeddings`. */
  readonly embeddings: boolean
  /** False: `stream_options` is refused; the host reports usage in a stream without being asked, or never. */
  readonly streamOptions?: false
  /** The only name under which it takes the limit of output tokens. */
  readonly maxTokensField?: 'max_tokens' | 'max_completion_tokens'
  /** Models that take that limit as `max_completion_tokens` only, in chats. */
  readonly newLimitModels?: RegExp
  /** A member of the last stream event under which usage may stand, besides `usage` itself. */
  readonly streamUsageIn?: string
  /** Parameters of OpenAI's API that it answers with an error. */
  readonly unsupported?: readonly string[]
  /** Members of messages, their parts and calls, and of tools that it answers with an error. */
  readonly unsupportedInMessages?: readonly string[]
  /** OpenAI's name of a parameter to the host's. */
  readonly rename?: Readonly<Record<string, string>>
}

/** A company, project or machine that serves models over HTTP. */
export interface Host {
  /** As in `litellm_params.model: NAME/...`. */
  readonly name: string
  readonly protocol: ProtocolName
  /** Without a trailing slash; `/chat/completions` (openai) or `/v1/messages` (anthropic) is put behind it. */
  readonly baseUrl?: string
  /** Put behind a configured base URL that is a bare origin: LiteLLM's users write Ollama's without `/v1`. */
  readonly basePath?: string
  /** Environment variables that may hold the key; the first that is set wins. */
  readonly keyVariables: readonly string[]
  /** Environment variables that may hold another base URL. */
  readonly baseUrlVariables: readonly string[]
  /** False for servers that are usually open: a deployment without a key is kept. */
  readonly keyRequired: boolean
  /** Other spellings of the name. */
  readonly aliases: readonly string[]
  readonly quirks: Quirks
}

type HostDraft = Pick<Host, 'name'> & Partial<Host>

const CHAT_ONLY: Quirks = { embeddings: false }
const CHAT_AND_EMBEDDINGS: Quirks = { embeddings: true }

/**
 * A 400 for `max_tokens`: https://platform.openai.com/docs/api-reference/chat/create. Azure's deployments are usually named for
 * their models.
 */
const OPENAI: Quirks = { embeddings: true, newLimitModels: /(?:^|[/:])(?:o[1-9]|gpt-[5-9])/ }

/**
 * What answers of others hold, or their requests, and what OpenAI's SDK adds (`parsed...`): clients send a conversation back as they
 * had it, wherever it goes next.
 */
const FOREIGN: readonly string[] = [
  'reasoning_content',
  'thinking_blocks',
  'refusal',
  'annotations',
  'parsed',
  'parsed_arguments',
  'cache_control',
]

/** It answers 422 `extra_forbidden` to every field that its API does not name, and always reports usage in a stream. */
const MISTRAL: Quirks = {
  embeddings: false,
  streamOptions: false,
  maxTokensField: 'max_tokens',
  rename: { seed: 'random_seed' },
  unsupported: ['logit_bias', 'logprobs', 'top_logprobs', 'user', 'store', 'service_tier', 'modalities', 'audio'],
  unsupportedInMessages: FOREIGN,
}

/** Fills in what most hosts have in common. */
function host(draft: HostDraft): Host {
  return {
    protocol: 'openai',
    keyVariables: [],
    baseUrlVariables: [],
    keyRequired: true,
    aliases: [],
    quirks: CHAT_ONLY,
    ...draft,
  }
}

/** OpenAI, those with a protocol of their own, and the big ones that speak OpenAI's. */
const makers: readonly Host[] = [
  host({
    name: 'openai',
    baseUrl: 'https://api.openai.com/v1',
    keyVariables: ['OPENAI_API_KEY'],
    baseUrlVariables: ['OPENAI_BASE_URL', 'OPENAI_API_BASE'],
    aliases: ['text-completion-openai', 'aiohttp_openai'],
    quirks: OPENAI,
  }),
  host({
    name: 'azure',
    protocol: 'azure',
    keyVariables: ['AZURE_API_KEY', 'AZURE_OPENAI_API_KEY'],
    baseUrlVariables: ['AZURE_API_BASE', 'AZURE_OPENAI_ENDPOINT'],
    aliases: ['azure_text'],
    quirks: OPENAI,
  }),
  host({
    name: 'anthropic',
    protocol: 'anthropic',
    baseUrl: 'https://api.anthropic.com',
    keyVariables: ['ANTHROPIC_API_KEY'],
    baseUrlVariables: ['ANTHROPIC_API_BASE', 'ANTHROPIC_BASE_URL'],
    aliases: ['anthropic_text'],
  }),
  host({
    name: 'mistral',
    baseUrl: 'https://api.mistral.ai/v1',
    keyVariables: ['MISTRAL_API_KEY'],
    baseUrlVariables: ['MISTRAL_API_BASE', 'MISTRAL_AZURE_API_BASE'],
    quirks: { ...MISTRAL, embeddings: true },
  }),
  host({
    name: 'codestral',
    baseUrl: 'https://codestral.mistral.ai/v1',
    keyVariables: ['CODESTRAL_API_KEY'],
    baseUrlVariables: ['CODESTRAL_API_BASE'],
    quirks: MISTRAL,
  }),
  host({
    name: 'gemini',
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai',
    keyVariables: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
    baseUrlVariables: ['GEMINI_API_BASE'],
    aliases: ['google'],
    quirks: { embeddings: true, unsupportedInMessages: FOREIGN },
  }),
  host({
    name: 'cohere',
    baseUrl: 'https://api.cohere.ai/compatibility/v1',
    keyVariables: ['COHERE_API_KEY', 'CO_API_KEY'],
    baseUrlVariables: ['COHERE_API_BASE'],
    aliases: ['cohere_chat'],
    quirks: CHAT_AND_EMBEDDINGS,
  }),
  host({
    name: 'deepseek',
    baseUrl: 'https://api.deepseek.com/v1',
    keyVariables: ['DEEPSEEK_API_KEY'],
    baseUrlVariables: ['DEEPSEEK_API_BASE'],
    quirks: { embeddings: false, maxTokensField: 'max_tokens' },
  }),
  host({
    name: 'xai',
    baseUrl: 'https://api.x.ai/v1',
    keyVariables: ['XAI_API_KEY'],
    baseUrlVariables: ['XAI_API_BASE'],
    aliases: ['x-ai'],
  }),
  host({
    name: 'perplexity',
    baseUrl: 'https://api.perplexity.ai',
    keyVariables: ['PERPLEXITYAI_API_KEY', 'PERPLEXITY_API_KEY'],
    baseUrlVariables: ['PERPLEXITY_API_BASE'],
  }),
  host({
    name: 'moonshot',
    baseUrl: 'https://api.moonshot.ai/v1',
    keyVariables: ['MOONSHOT_API_KEY'],
    baseUrlVariables: ['MOONSHOT_API_BASE'],
    aliases: ['moonshotai'],
  }),
  host({
    name: 'dashscope',
    baseUrl: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1',
    keyVariables: ['DASHSCOPE_API_KEY'],
    baseUrlVariables: ['DASHSCOPE_API_BASE'],
    quirks: CHAT_AND_EMBEDDINGS,
  }),
  host({
    name: 'zai',
    baseUrl: 'https://api.z.ai/api/paas/v4',
    keyVariables: ['ZAI_API_KEY'],
    baseUrlVariables: ['ZAI_API_BASE'],
  }),
  host({
    name: 'zhipu',
    baseUrl: 'https://open.bigmodel.cn/api/paas/v4',
    keyVariables: ['ZHIPUAI_API_KEY', 'ZHIPU_API_KEY'],
    baseUrlVariables: ['ZHIPU_API_BASE'],
    aliases: ['zhipuai'],
    quirks: CHAT_AND_EMBEDDINGS,
  }),
  host({
    name: 'minimax',
    baseUrl: 'https://api.minimax.io/v1',
    keyVariables: ['MINIMAX_API_KEY'],
    baseUrlVariables: ['MINIMAX_API_BASE'],
  }),
  host({
    name: 'meta_llama',
    baseUrl: 'https://api.llama.com/compat/v1',
    keyVariables: ['LLAMA_API_KEY'],
    baseUrlVariables: ['LLAMA_API_BASE'],
  }),
  host({
    name: 'ai21_chat',
    baseUrl: 'https://api.ai21.com/studio/v1',
    keyVariables: ['AI21_API_KEY'],
    baseUrlVariables: ['AI21_API_BASE'],
    aliases: ['ai21'],
  }),
  host({
    name: 'volcengine',
    baseUrl: 'https://ark.cn-beijing.volces.com/api/v3',
    keyVariables: ['VOLCENGINE_API_KEY'],
    baseUrlVariables: ['VOLCENGINE_API_BASE'],
    quirks: CHAT_AND_EMBEDDINGS,
  }),
]

/** Those that serve other people's models. */
const clouds: readonly Host[] = [
  host({
    name: 'groq',
    baseUrl: 'https://api.groq.com/openai/v1',
    keyVariables: ['GROQ_API_KEY'],
    baseUrlVariables: ['GROQ_API_BASE'],
    // https://console.groq.com/docs/openai: a 400 when one of these is supplied.
    quirks: {
      embeddings: false,
      streamUsageIn: 'x_groq',
      unsupported: ['logprobs', 'logit_bias', 'top_logprobs'],
      unsupportedInMessages: FOREIGN,
    },
  }),
  host({
    name: 'together_ai',
    baseUrl: 'https://api.together.xyz/v1',
    keyVariables: ['TOGETHERAI_API_KEY', 'TOGETHER_API_KEY', 'TOGETHER_AI_API_KEY', 'TOGETHER_AI_TOKEN'],
    baseUrlVariables: ['TOGETHER_AI_API_BASE'],
    aliases: ['together'],
    quirks: CHAT_AND_EMBEDDINGS,
  }),
  host({
    name: 'fireworks_ai',
    baseUrl: 'https://api.fireworks.ai/inference/v1',
    keyVariables: ['FIREWORKS_API_KEY', 'FIREWORKS_AI_API_KEY', 'FIREWORKSAI_API_KEY', 'FIREWORKS_AI_TOKEN'],
    baseUrlVariables: ['FIREWORKS_API_BASE'],
    aliases: ['fireworks'],
    quirks: CHAT_AND_EMBEDDINGS,
  }),
  host({
    name: 'openrouter',
    baseUrl: 'https://openrouter.ai/api/v1',
    keyVariables: ['OPENROUTER_API_KEY', 'OR_API_KEY'],
    baseUrlVariables: ['OPENROUTER_API_BASE'],
    quirks: CHAT_AND_EMBEDDINGS,
  }),
  host({
    name: 'cerebras',
    baseUrl: 'https://api.cerebras.ai/v1',
    keyVariables: ['CEREBRAS_API_KEY'],
    baseUrlVariables: ['CEREBRAS_API_BASE'],
    quirks: { embeddings: false, unsupportedInMessages: FOREIGN },
  }),
  host({
    name: 'nvidia_nim',
    baseUrl: 'https://integrate.api.nvidia.com/v1',
    keyVariables: ['NVIDIA_NIM_API_KEY', 'NVIDIA_API_KEY'],
    baseUrlVariables: ['NVIDIA_NIM_API_BASE'],
    quirks: CHAT_AND_EMBEDDINGS,
  }),
  host({
    name: 'sambanova',
    baseUrl: 'https://api.sambanova.ai/v1',
    keyVariables: ['SAMBANOVA_API_KEY'],
    baseUrlVariables: ['SAMBANOVA_API_BASE'],
    quirks: CHAT_AND_EMBEDDINGS,
  }),
  host({
    name: 'deepinfra',
    baseUrl: 'https://api.deepinfra.com/v1/openai',
    keyVariables: ['DEEPINFRA_API_KEY'],
    baseUrlVariables: ['DEEPINFRA_API_BASE'],
    quirks: CHAT_AND_EMBEDDINGS,
  }),
  host({
    name: 'hyperbolic',
    baseUrl: 'https://api.hyperbolic.xyz/v1',
    keyVariables: ['HYPERBOLIC_API_KEY'],
    baseUrlVariables: ['HYPERBOLIC_API_BASE'],
  }),
  host({
    name: 'novita',
    baseUrl: 'https://api.novita.ai/v3/openai',
    keyVariables: ['NOVITA_API_KEY'],
    baseUrlVariables: ['NOVITA_API_BASE'],
  }),
  host({
    name: 'nebius',
    baseUrl: 'https://api.studio.nebius.ai/v1',
    keyVariables: ['NEBIUS_API_KEY'],
    baseUrlVariables: ['NEBIUS_API_BASE'],
    quirks: CHAT_AND_EMBEDDINGS,
  }),
  host({
    name: 'featherless_ai',
    baseUrl: 'https://api.featherless.ai/v1',
    keyVariables: ['FEATHERLESS_AI_API_KEY', 'FEATHERLESS_API_KEY'],
    baseUrlVariables: ['FEATHERLESS_API_BASE'],
  }),
  host({
    name: 'baseten',
    baseUrl: 'https://inference.baseten.co/v1',
    keyVariables: ['BASETEN_API_KEY'],
    baseUrlVariables: ['BASETEN_API_BASE'],
  }),
  host({
    name: 'huggingface',
    baseUrl: 'https://router.huggingface.co/v1',
    keyVariables: ['HF_TOKEN', 'HUGGINGFACE_API_KEY'],
    baseUrlVariables: ['HUGGINGFACE_API_BASE', 'HF_API_BASE'],
  }),
  host({
    name: 'github',
    baseUrl: 'https://models.github.ai/inference',
    keyVariables: ['GITHUB_API_KEY', 'GITHUB_TOKEN'],
    baseUrlVariables: ['GITHUB_API_BASE'],
    aliases: ['github_models'],
    quirks: CHAT_AND_EMBEDDINGS,
  }),
  host({
    name: 'lambda_ai',
    baseUrl: 'https://api.lambda.ai/v1',
    keyVariables: ['LAMBDA_API_KEY'],
    baseUrlVariables: ['LAMBDA_API_BASE'],
  }),
  host({
    name: 'friendliai',
    baseUrl: 'https://api.friendli.ai/serverless/v1',
    keyVariables: ['FRIENDLIAI_API_KEY', 'FRIENDLI_TOKEN'],
    baseUrlVariables: ['FRIENDLI_API_BASE'],
  }),
  host({
    name: 'nscale',
    baseUrl: 'https://inference.api.nscale.com/v1',
    keyVariables: ['NSCALE_API_KEY'],
    baseUrlVariables: ['NSCALE_API_BASE'],
  }),
  host({
    name: 'ovhcloud',
    baseUrl: 'https://oai.endpoints.kepler.ai.cloud.ovh.net/v1',
    keyVariables: ['OVHCLOUD_API_KEY'],
    baseUrlVariables: ['OVHCLOUD_API_BASE'],
    quirks: CHAT_AND_EMBEDDINGS,
  }),
  host({
    name: 'vercel_ai_gateway',
    baseUrl: 'https://ai-gateway.vercel.sh/v1',
    keyVariables: ['VERCEL_AI_GATEWAY_API_KEY', 'AI_GATEWAY_API_KEY', 'VERCEL_OIDC_TOKEN'],
    baseUrlVariables: ['VERCEL_AI_GATEWAY_API_BASE'],
    quirks: CHAT_AND_EMBEDDINGS,
  }),
]

/** Servers that somebody runs on a machine of their own. */
const servers: readonly Host[] = [
  host({
    name: 'ollama',
    baseUrl: 'http://localhost:11434/v1',
    basePath: '/v1',
    keyVariables: ['OLLAMA_API_KEY'],
    baseUrlVariables: ['OLLAMA_API_BASE'],
    keyRequired: false,
    aliases: ['ollama_chat'],
    quirks: CHAT_AND_EMBEDDINGS,
  }),
  host({
    name: 'hosted_vllm',
    keyVariables: ['HOSTED_VLLM_API_KEY'],
    baseUrlVariables: ['HOSTED_VLLM_API_BASE'],
    keyRequired: false,
    aliases: ['vllm'],
    quirks: CHAT_AND_EMBEDDINGS,
  }),
  host({
    name: 'lm_studio',
    baseUrl: 'http://localhost:1234/v1',
    keyVariables: ['LM_STUDIO_API_KEY'],
    baseUrlVariables: ['LM_STUDIO_API_BASE'],
    keyRequired: false,
    quirks: CHAT_AND_EMBEDDINGS,
  }),
  host({
    name: 'llamafile',
    baseUrl: 'http://127.0.0.1:8080/v1',
    keyVariables: ['LLAMAFILE_API_KEY'],
    baseUrlVariables: ['LLAMAFILE_API_BASE'],
    keyRequired: false,
    quirks: CHAT_AND_EMBEDDINGS,
  }),
  host({
    name: 'docker_model_runner',
    baseUrl: 'http://localhost:12434/engines/v1',
    baseUrlVariables: ['DOCKER_MODEL_RUNNER_API_BASE'],
    keyRequired: false,
    quirks: CHAT_AND_EMBEDDINGS,
  }),
  host({
    name: 'litellm_proxy',
    keyVariables: ['LITELLM_PROXY_API_KEY'],
    baseUrlVariables: ['LITELLM_PROXY_API_BASE'],
    keyRequired: false,
    quirks: CHAT_AND_EMBEDDINGS,
  }),
  host({
    name: 'custom_openai',
    keyRequired: false,
    keyVariables: ['CUSTOM_OPENAI_API_KEY'],
    aliases: ['openai_like', 'custom'],
    quirks: CHAT_AND_EMBEDDINGS,
  }),
  host({
    name: 'mock',
    protocol: 'mock',
    baseUrl: 'mock://mock',
    keyRequired: false,
    quirks: CHAT_AND_EMBEDDINGS,
  }),
]

/** Every host that tollgate can dial. */
export const hosts: readonly Host[] = [...makers, ...clouds, ...servers]

/** Providers of LiteLLM's that tollgate knows by name and cannot dial yet: said plainly instead of guessed at. */
export const hostsWithoutSupport: readonly string[] = [
  'vertex_ai',
  'vertex_ai_beta',
  'bedrock',
  'bedrock_converse',
  'azure_ai',
  'sagemaker',
  'sagemaker_chat',
  'watsonx',
  'watsonx_text',
  'replicate',
  'databricks',
  'predibase',
  'snowflake',
  'cloudflare',
  'oci',
  'github_copilot',
  'nlp_cloud',
  'petals',
  'triton',
  'clarifai',
  'gigachat',
  'text-completion-codestral',
]

const byName: ReadonlyMap<string, Host> = new Map(
  hosts.flatMap(one => [one.name, ...one.aliases].map(name => [name, one] as const)),
)

/** The host of that name or alias. */
export function findHost(name: string): Host | undefined {
  return byName.get(name)
}

/** The host whose own base URL begins with the same origin, for models named without a provider. */
export function findHostByUrl(url: string): Host | undefined {
  if (!URL.canParse(url)) return undefined
  const { origin } = new URL(url)
  return hosts.find(one => one.protocol !== 'mock' && one.baseUrl && new URL(one.baseUrl).origin === origin)
}

/** A model's name, split into where it is and what it is called there. */
export interface ModelName {
  /** A host's name in this catalogue, or one of `hostsWithoutSupport`. */
  readonly provider: string
  /** As the host knows it; may contain slashes. */
  readonly model: string
}

/** Bare names by their beginning. The makers' own, as in LiteLLM's model lists. */
const families: readonly (readonly [RegExp, string])[] = [
  [/^(gpt-|chatgpt-|o[1-9]($|-)|text-embedding-(3|ada)|ft:gpt-|davinci-|babbage-|codex-)/, 'openai'],
  [/^claude-/, 'anthropic'],
  [/^(mistral-|ministral-|magistral-|open-mistral|open-mixtral|pixtral-|codestral-|devstral-)/, 'mistral'],
  [/^gemini-/, 'gemini'],
  [/^deepseek-(chat|reasoner|coder|v\d)/, 'deepseek'],
  [/^grok-/, 'xai'],
  [/^(command|embed-(v4|english|multilingual))/, 'cohere'],
  [/^sonar($|-)/, 'perplexity'],
  [/^kimi-|^moonshot-v/, 'moonshot'],
  [/^glm-/, 'zai'],
  [/^(qwen-(turbo|plus|max)|qwq-)/, 'dashscope'],
  [/^\*$/, 'openai'],
]

/**
 * Reads a model's name by LiteLLM's rule: `custom_llm_provider` decides when it is given; else the first segment when
 * it names a provider; else a bare name that everybody knows. Undefined when none of these finds one.
 */
export function splitModel(name: string, customProvider?: string): ModelName | undefined {
  const slash = name.indexOf('/')
  const first = slash < 0 ? undefined : name.slice(0, slash)
  const rest = slash < 0 ? name : name.slice(slash + 1)
  if (customProvider) return { provider: canonical(customProvider), model: first === customProvider ? rest : name }
  if (first !== undefined && isProvider(first)) return { provider: canonical(first), model: rest }
  const family = families.find(([pattern]) => pattern.test(name))
  return family && { provider: family[1], model: name }
}

/** Whether tollgate knows the name, be it able to dial it or not. */
export function isProvider(name: string): boolean {
  return byName.has(name) || hostsWithoutSupport.includes(name)
}

function canonical(name: string): string {
  return byName.get(name)?.name ?? name
}
