import { isObject, type Json, type JsonObject } from '../../core/json.ts'

/**
 * Bytes of base64 that count as one of text: a token of speech is 50 ms (https://platform.openai.com/docs/guides/realtime-costs), 3,200
 * bytes of base64 in 16 bits at 24 kHz, which is how it is streamed.
 */
const SPEECH_BYTES = 800
/** A picture counts as 1,000 tokens of four bytes, however large its file is. */
const PICTURE_BYTES = 4_000

/**
 * Bytes of text, tool call or reasoning in a choice, and what stands for them of speech and pictures; undefined when there is
 * none (a prelude, or only a finish).
 */
export function pieceOf(choice: JsonObject): number | undefined {
  if (typeof choice.text === 'string') return choice.text === '' ? undefined : Buffer.byteLength(choice.text)
  if (!isObject(choice.delta)) return undefined
  let bytes = 0
  for (const name in choice.delta) {
    if (name === 'role') continue
    bytes += MEDIA.get(name)?.(choice.delta[name]) ?? weigh(choice.delta[name])
  }
  return bytes === 0 ? undefined : bytes
}

function weigh(value: Json | undefined): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (Array.isArray(value) ? value.length > 0 : isObject(value)) return JSON.stringify(value).length
  return 0
}

/** By member: these are files, whose length says little about tokens. Undefined for another shape. */
const MEDIA: ReadonlyMap<string, (value: Json | undefined) => number | undefined> = new Map([
  ['audio', speech],
  ['images', pictures],
])

function speech(audio: Json | undefined): number | undefined {
  if (!isObject(audio)) return undefined
  const data = typeof audio.data === 'string' ? Math.ceil(audio.data.length / SPEECH_BYTES) : 0
  return weigh(audio.transcript) + data
}

function pictures(images: Json | undefined): number | undefined {
  return Array.isArray(images) ? images.length * PICTURE_BYTES : undefined
}
