import { isObject } from '../core/json.ts'
import type { Request } from '../core/request.ts'

/** The request with usage asked for at the end of its stream, unless it says itself whether it wants that. */
export function withUsage(request: Request): Request {
  const options = request.body.stream_options
  if (!request.streamed || (isObject(options) && options.include_usage !== undefined)) return request
  const { operation, streamed, body } = request
  // Without the client's bytes, which do not say so.
  return {
    operation,
    streamed,
    body: { ...body, stream_options: { ...(isObject(options) ? options : {}), include_usage: true } },
  }
}
