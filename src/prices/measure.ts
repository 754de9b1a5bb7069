import { isObject, type Json, type JsonObject } from '../core/json.ts'
import type { LongTexts } from '../core/long-texts.ts'

/** What a walk over JSON values found. */
export interface Measure {
  /** UTF-8 bytes of all strings, without quotes; of long texts that nobody has decoded, with their escapes. */
  readonly stringBytes: number
  /** By how many bytes those escapes may make the strings look longer than they are, at most. */
  readonly escapeBytes: number
  /** UTF-8 bytes of all member names. */
  readonly keyBytes: number
  /** Numbers: each is a token where a prompt is given as tokens, and about one elsewhere. */
  readonly numbers: number
  /** Values and member names, each with its punctuation. */
  readonly nodes: number
}

const MEDIA_TYPES: ReadonlySet<unknown> = new Set([
  'image_url',
  'image',
  'input_image',
  'input_audio',
  'audio_url',
  'video_url',
  'video',
  'file',
  'input_file',
  'document',
])

/**
 * Whether an object is a part of a message that is not text. Such types are no types of JSON Schema. Anthropic's documents may be text,
 * or parts of their own (https://platform.claude.com/docs/en/build-with-claude/citations).
 */
export function isMedia(object: JsonObject): boolean {
  if (!MEDIA_TYPES.has(object.type)) return false
  return object.type !== 'document' || !isObject(object.source) || !WRITTEN_SOURCES.has(object.source.type)
}

const WRITTEN_SOURCES: ReadonlySet<unknown> = new Set(['text', 'content'])

export interface MeasureOptions {
  /** An object for which it gives true is left out with everything in it. */
  readonly skip?: (object: JsonObject) => boolean
  /** Texts that are measured without decoding them. */
  readonly longTexts?: LongTexts | undefined
}

/** Walks values without recursion: a body may be nested deeper than the call stack. */
export function measure(roots: Json[], { skip = never, longTexts }: MeasureOptions = {}): Measure {
  const found = { stringBytes: 0, escapeBytes: 0, keyBytes: 0, numbers: 0, nodes: 0 }
  const stack = [...roots]
  while (stack.length > 0) {
    const value = stack.pop()
    found.nodes++
    if (typeof value === 'string') found.stringBytes += Buffer.byteLength(value)
    else if (typeof value === 'number') found.numbers++
    else if (isList(value)) pushAll(stack, value)
    else if (typeof value === 'object' && value !== null && !skip(value)) {
      const long = longTexts?.get(value)
      for (const key of Object.keys(value)) {
        found.keyBytes += Buffer.byteLength(key)
        found.nodes++
        const text = long?.get(key)
        const member = text ? undefined : value[key]
        if (member !== undefined) stack.push(member)
        if (!text) continue
        found.nodes++
        found.stringBytes += text.bytes
        found.escapeBytes += text.bytes - text.leastBytes
      }
    }
  }
  return found
}

const never = () => false

/** `Array.isArray` does not narrow a read-only list. */
function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}

/** Not by spreading: a list of 200,000 tokens does not fit into the arguments of one call. */
function pushAll(stack: Json[], values: readonly Json[]): void {
  for (const value of values) stack.push(value)
}
