import type { JsonObject } from '../core/json.ts'

/** One server-sent event of OpenAI's dialect. */
export function eventText(object: JsonObject): string {
  return `data: ${JSON.stringify(object)}\n\n`
}
