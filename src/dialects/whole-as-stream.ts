import { DONE, type Frame } from '../core/frame.ts'
import { isObject, type Json, type JsonObject } from '../core/json.ts'
import type { Request } from '../core/request.ts'
import { eventText } from './event-text.ts'

/** A whole answer as the stream that the client asked for, in one frame, from an upstream that does not stream. */
export function wholeAsStream(frame: Frame, request: Request): Frame {
  const [body] = frame.objects
  if (!body) return { objects: [], bytes: DONE }
  const options = request.body.stream_options
  const withUsage = isObject(options) && options.include_usage === true
  const { usage, choices, ...head } = body
  const chunk: JsonObject = {
    ...head,
    ...(request.operation === 'chat' && { object: 'chat.completion.chunk' }),
    choices: (Array.isArray(choices) ? choices : []).map(asDelta),
  }
  const objects = withUsage && usage !== undefined ? [chunk, { ...chunk, choices: [], usage }] : [chunk]
  return { objects, bytes: Buffer.concat([Buffer.from(objects.map(eventText).join('')), DONE]) }
}

function asDelta(choice: Json): Json {
  if (!isObject(choice) || !isObject(choice.message)) return choice
  const { message, ...rest } = choice
  const calls = message.tool_calls
  const delta: JsonObject = Array.isArray(calls)
    ? { ...message, tool_calls: calls.map((call, index) => (isObject(call) ? { index, ...call } : call)) }
    : message
  return { ...rest, delta }
}
