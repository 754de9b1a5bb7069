import type { Attempt } from '../core/call.ts'
import type { Layer } from '../core/handler.ts'

/** Forgets what the upstream says of its limits, so that no client is shown it (`return_response_headers: false`). */
export const hideUpstreamHeaders: Layer<Attempt> = next =>
  async function hideUpstreamHeaders(attempt) {
    const answer = await next(attempt)
    answer.upstreamHeaders = undefined
    return answer
  }
