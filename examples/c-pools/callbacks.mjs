// Told of every finished call, after it and never within it. Here a line is printed; a row in Postgres or ClickHouse, or a
// metric for Datadog, is written the same way: return a promise, and closing the router waits for it.

export function onSuccess(call) {
  console.log(`  ✓ ${summary(call)}`)
}

export function onFailure(call) {
  console.log(`  ✗ ${summary(call)}  ${call.error_information?.error_class}`)
}

/** Model, pool that was asked for, tokens, cost, latency in ms, and whether a fallback was taken. */
function summary(call) {
  return [
    `${call.model_group} → ${call.model}`.padEnd(38),
    `${call.prompt_tokens}+${call.completion_tokens} tokens`.padStart(15),
    `$${call.response_cost.toFixed(8)}`.padStart(12),
    `${Math.round(call.latency_ms)} ms`.padStart(8),
    call.fallback_triggered ? ' after a fallback' : '',
  ].join(' ')
}
