import { randomUUID } from 'node:crypto'
import type { Span } from './json-scan.ts'

/** A string that has not been decoded. */
export interface LongText {
  /** Its bytes in JSON, without quotes. */
  readonly bytes: number
  /** So many of them at least are left without escapes: one takes six bytes at most for each of text (`\u0041`). */
  readonly leastBytes: number
}

/** The long texts of a body, by the object whose member they are, and its name. */
export type LongTexts = ReadonlyMap<object, ReadonlyMap<string, LongText>>

/** Whether a member holds a long text: reading it may take as long as decoding it (2.5 µs per kB). */
export function isLongText(longTexts: LongTexts | undefined, holder: object, name: string): boolean {
  return longTexts?.get(holder)?.has(name) === true
}

/** What a parsed text has, and which of its strings are still to be decoded. */
export interface ParsedAround {
  readonly value: unknown
  readonly longTexts: LongTexts
}

export interface AroundOptions {
  /** Parses JSON. @throws SyntaxError, or what says it better. */
  readonly parse: (json: Uint8Array) => unknown
  /** The string that stands at a place of the text, which may not be where it was any more. Throws as `parse` does. */
  readonly decode: (place: Span) => unknown
}

/** Stands in the place of a long text; nobody who writes a request can know it. */
const MARK = `${randomUUID()}:`
const BACKSLASH = 92

/**
 * Parses JSON around its long strings (`outline` finds them): members that hold one decode it when they are first read, and hold
 * it from then on. A prompt of 100,000 tokens that only passes by costs a walk over its quotes instead of 1 ms. Whether such a
 * string is valid shows when it is read, or where it is sent: `decode` throws, or the upstream refuses it.
 */
export function parseAround(json: Uint8Array, places: readonly Span[], { parse, decode }: AroundOptions): ParsedAround {
  const pieces: Uint8Array[] = []
  let from = 0
  for (const [index, { start, end }] of places.entries()) {
    pieces.push(json.subarray(from, start), Buffer.from(`"${MARK}${index}"`))
    from = end
  }
  const value = parse(Buffer.concat([...pieces, json.subarray(from)]))
  const cutOut = (one: unknown): CutOut | undefined => {
    const place = typeof one === 'string' && one.startsWith(MARK) ? places[Number(one.slice(MARK.length))] : undefined
    return place && { decode: () => decode(place), size: sizeOf(json.subarray(place.start, place.end)) }
  }
  const alone = cutOut(value)
  return alone ? { value: alone.decode(), longTexts: new Map() } : { value, longTexts: putBack(value, cutOut) }
}

interface CutOut {
  readonly decode: () => unknown
  readonly size: LongText
}

/** Puts the texts where their marks stand: into lists at once, into objects as members that decode themselves. */
function putBack(value: unknown, cutOut: (one: unknown) => CutOut | undefined): LongTexts {
  const longTexts = new Map<object, Map<string, LongText>>()
  const waiting: unknown[] = [value]
  while (waiting.length > 0) {
    const one = waiting.pop()
    if (typeof one !== 'object' || one === null) continue
    const holder = one as Record<string, unknown>
    for (const name of Object.keys(holder)) {
      const text = cutOut(holder[name])
      if (!text) waiting.push(holder[name])
      else if (Array.isArray(one)) holder[name] = text.decode()
      else {
        decodeWhenRead(holder, name, text.decode)
        const known = longTexts.get(one) ?? new Map<string, LongText>()
        longTexts.set(one, known.set(name, text.size))
      }
    }
  }
  return longTexts
}

function decodeWhenRead(holder: object, name: string, decode: () => unknown): void {
  const own = { enumerable: true, configurable: true }
  Object.defineProperty(holder, name, {
    ...own,
    get() {
      const value = decode()
      Object.defineProperty(holder, name, { ...own, value, writable: true })
      return value
    },
  })
}

function sizeOf(text: Uint8Array): LongText {
  const bytes = text.length - 2
  return { bytes, leastBytes: text.includes(BACKSLASH) ? Math.ceil(bytes / 6) : bytes }
}
