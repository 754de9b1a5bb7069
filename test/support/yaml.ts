/** One entry of `model_list`, in YAML's flow style, which is JSON. */
export interface EntryDraft {
  readonly pool: string
  readonly baseUrl: string
  /** Default `openai/gpt-4o-mini`. */
  readonly model?: string
  readonly key?: string
  /** US dollars per token. Default 0.000001 and 0.000002. */
  readonly input?: string
  readonly output?: string
  /** Further members of `litellm_params`. */
  readonly params?: object
  readonly info?: object
}

/** `model_list` with these entries. */
export function modelList(...drafts: readonly EntryDraft[]): string {
  return `model_list:\n${drafts.map(entry).join('')}`
}

function entry(draft: EntryDraft): string {
  const { pool, baseUrl, model = 'openai/gpt-4o-mini', key = 'sk-upstream', params, info } = draft
  const { input = '0.000001', output = '0.000002' } = draft
  const litellm = {
    model,
    api_base: baseUrl,
    api_key: key,
    input_cost_per_token: input,
    output_cost_per_token: output,
    ...params,
  }
  const shown = { model_name: pool, litellm_params: litellm, ...(info && { model_info: info }) }
  return `  - ${JSON.stringify(shown)}\n`
}

/** No retries and no rest, so that a test meets exactly the fault that it scripts. */
export const PLAIN = 'router_settings: {num_retries: 0, disable_cooldowns: true}\n'
