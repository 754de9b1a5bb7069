import type { Host } from '../host.ts'
import { CHAT_AND_EMBEDDINGS, host } from './host-entry.ts'

/** Servers that users run on their own machines. */
export const selfHosted: readonly Host[] = [
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
