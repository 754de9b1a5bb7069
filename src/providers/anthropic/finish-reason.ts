const REASONS: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  // A server tool's turn was paused; there is no word for it in OpenAI's dialect.
  pause_turn: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
}

/** Anthropic's `stop_reason` as OpenAI's `finish_reason`; one that is not known yet is an end like any other. */
export function finishReason(stopReason: string): string {
  return Object.hasOwn(REASONS, stopReason) ? (REASONS[stopReason] ?? 'stop') : 'stop'
}
