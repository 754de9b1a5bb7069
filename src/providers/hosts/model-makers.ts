import type { Host, Quirks } from '../host.ts'
import { CHAT_AND_EMBEDDINGS, FOREIGN, host } from './host-entry.ts'

/**
 * A 400 for `max_tokens`: https://platform.openai.com/docs/api-reference/chat/create. Azure's deployments are usually named for
 * their models.
 */
const OPENAI: Quirks = { embeddings: true, newLimitModels: /(?:^|[/:])(?:o[1-9]|gpt-[5-9])/ }

/** It answers 422 `extra_forbidden` to every field that its API does not name, and always reports usage in a stream. */
const MISTRAL: Quirks = {
  embeddings: false,
  streamOptions: false,
  maxTokensField: 'max_tokens',
  rename: { seed: 'random_seed' },
  unsupported: ['logit_bias', 'logprobs', 'top_logprobs', 'user', 'store', 'service_tier', 'modalities', 'audio'],
  unsupportedInMessages: FOREIGN,
}

/** Companies that serve the models that they make. */
export const modelMakers: readonly Host[] = [
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
