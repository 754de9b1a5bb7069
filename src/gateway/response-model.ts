import type { Call } from '../core/call.ts'
import type { Frame } from '../core/frame.ts'
import { DONE } from '../core/frame.ts'
import type { JsonObject } from '../core/json.ts'
import { eventText } from '../dialects/event-text.ts'

const DONE_TEXT = Buffer.from(DONE)
/** The event itself: within a text of the model, no line can begin. */
const DONE_EVENT = /(?:^|[\r\n])data: ?\[DONE\]/

/**
 * Writes the name that was asked for into `model` of an answer (`response_model: requested`, as LiteLLM does). Every
 * frame is then parsed and written anew; by default answers go out as the upstream wrote them.
 */
export const responseModel = (call: Call): ((frame: Frame) => Uint8Array) => {
  const model = call.record.requestedPool
  const renamed = (object: JsonObject): JsonObject => ('model' in object ? { ...object, model } : object)
  return frame => {
    if (!call.request.streamed) return Buffer.from(JSON.stringify(renamed(frame.objects[0] ?? {})))
    const text = frame.objects.map(object => eventText(renamed(object))).join('')
    return DONE_EVENT.test(Buffer.from(frame.bytes).toString('latin1'))
      ? Buffer.concat([Buffer.from(text), DONE_TEXT])
      : Buffer.from(text)
  }
}
