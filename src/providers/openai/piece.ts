import { isObject, type Json, type JsonObject } from '../../core/json.ts'

/** Bytes of text, tool call or reasoning in a choice; undefined when there is none (a prelude, or only a finish). */
export function pieceOf(choice: JsonObject): number | undefined {
  if (typeof choice.text === 'string') return choice.text === '' ? undefined : Buffer.byteLength(choice.text)
  if (!isObject(choice.delta)) return undefined
  let bytes = 0
  for (const name in choice.delta) {
    if (name === 'role') continue
    bytes += weigh(choice.delta[name])
  }
  return bytes === 0 ? undefined : bytes
}

function weigh(value: Json | undefined): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (Array.isArray(value) ? value.length > 0 : isObject(value)) return JSON.stringify(value).length
  return 0
}
