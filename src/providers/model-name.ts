import { findHost, isProvider } from './catalogue.ts'

/** A model's name, split into where it is and what it is called there. */
export interface ModelName {
  /** A host's name in the catalogue, or one of `hostsWithoutSupport`. */
  readonly provider: string
  /** As the host knows it; may contain slashes. */
  readonly model: string
}

/** Beginnings of model names that come without a provider, and whose they are, as in LiteLLM's model lists. */
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
 * it names a provider; else the family that the name belongs to. Undefined when none of these finds one.
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

/** The host's own name for an alias; any other name as it is. */
function canonical(name: string): string {
  return findHost(name)?.name ?? name
}
