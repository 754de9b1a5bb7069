/**
 * What must be known of JSON text before, or without, parsing it. Works on bytes: UTF-8 never hides a quote, a bracket
 * or a backslash inside another character.
 */

import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  isSpace,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipSpace,
  stringAt,
} from './json-bytes.ts'
import { stringEnd } from './string-end.ts'

/**
 * Whether arrays and objects nest deeper than `limit`. JSON.parse accepts any depth, but writing the result again
 * overflows the stack, and depth 1,000,000 blocks the process for a quarter of a second.
 */
export function nestsDeeperThan(json: Uint8Array, limit: number): boolean {
  if (json.length > SEARCHED && !opensMoreThan(json, limit)) return false
  let depth = 0
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]
    if (byte === QUOTE) at = stringEnd(json, at)
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (++depth > limit) return true
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--
  }
  return false
}

/** From so many bytes on, a few native searches are cheaper than the walk: long prompts have few brackets. */
const SEARCHED = 1024

/** Whether more brackets open than `limit`, those in strings included: without them, nothing nests so deep. */
function opensMoreThan(json: Uint8Array, limit: number): boolean {
  let left = limit
  for (const bracket of [OPEN_BRACE, OPEN_BRACKET]) {
    for (let at = json.indexOf(bracket); at >= 0; at = json.indexOf(bracket, at + 1)) if (left-- === 0) return true
  }
  return false
}

/** Where a value stands in the text: from its first byte to just after its last. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** What a walk over the text of an object finds. */
export interface Outline {
  /** Whether arrays and objects nest deeper than was asked. The walk ends there. */
  readonly isTooDeep: boolean
  /**
   * The value of the wanted member of the outermost object. Undefined when there is none, and when the name stands there twice:
   * two readers of such text may disagree, so it must not be patched.
   */
  readonly member: Span | undefined
  /** How many members the objects have, all together: more than those of the parsed value where a name stands twice in one. */
  readonly members: number
  /** Strings of so many bytes and more that are no names, quotes included, in order. */
  readonly longTexts: readonly Span[]
}

export interface OutlineOptions {
  /** The name of the wanted member. */
  readonly name: string
  readonly deepest: number
  readonly longFrom: number
}

const NO_SPANS: readonly Span[] = []

/** Walks once over the text. Of text that is no JSON it tells something or other. */
export function outline(json: Uint8Array, { name, deepest, longFrom }: OutlineOptions): Outline {
  const wanted = Buffer.from(name)
  let member: Span | undefined
  let isTwice = false
  let longTexts: Span[] | undefined
  let members = 0
  let depth = 0
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (++depth > deepest) return { isTooDeep: true, member: undefined, members, longTexts: NO_SPANS }
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--
    else if (byte === COLON) members++
    else if (byte === QUOTE) {
      const end = Math.min(stringEnd(json, at) + 1, json.length)
      if (depth === 1 && isName(json, { start: at, end }, wanted)) {
        const span = valueAfter(json, end)
        isTwice ||= span !== undefined && member !== undefined
        member ??= span
      }
      if (end - at >= longFrom && json[skipSpace(json, end)] !== COLON) {
        longTexts ??= []
        longTexts.push({ start: at, end })
      }
      at = end - 1
    }
  }
  return { isTooDeep: false, member: isTwice ? undefined : member, members, longTexts: longTexts ?? NO_SPANS }
}

function isName(json: Uint8Array, { start, end }: Span, wanted: Buffer): boolean {
  let same = end - start === wanted.length + 2
  for (let at = start + 1; at < end - 1; at++) {
    // A name with escapes is spelt differently but equal: only decoding tells.
    if (json[at] === BACKSLASH) return decodesTo(json, { start, end }, wanted.toString())
    if (same && json[at] !== wanted[at - start - 1]) same = false
  }
  return same
}

function decodesTo(json: Uint8Array, span: Span, name: string): boolean {
  try {
    return stringAt(json, span) === name
  } catch {
    return false
  }
}

/** The value behind the colon that follows at `from`; undefined when no colon follows. */
function valueAfter(json: Uint8Array, from: number): Span | undefined {
  let at = skipSpace(json, from)
  if (json[at] !== COLON) return undefined
  at = skipSpace(json, at + 1)
  const start = at
  let depth = 0
  for (; at < json.length; at++) {
    const byte = json[at]
    if (byte === QUOTE) at = stringEnd(json, at)
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (depth === 0) break
      depth--
    } else if (byte === COMMA && depth === 0) break
  }
  // A string that never ends is left behind the text's end.
  at = Math.min(at, json.length)
  while (at > start && isSpace(json[at - 1])) at--
  return { start, end: at }
}

/** A member of an object in its text. */
export interface Member {
  /** With its quotes. */
  readonly name: Span
  readonly value: Span
}

/**
 * The members of the outermost object, in order; a name that stands there twice, twice. Of text that is no JSON it tells something
 * or other.
 */
export function membersOf(json: Uint8Array): readonly Member[] {
  const members: Member[] = []
  let at = skipSpace(json, 0)
  if (json[at] !== OPEN_BRACE) return members
  do {
    const start = skipSpace(json, at + 1)
    if (json[start] !== QUOTE) break
    const name = { start, end: Math.min(stringEnd(json, start) + 1, json.length) }
    const value = valueAfter(json, name.end)
    if (!value) break
    members.push({ name, value })
    at = skipSpace(json, value.end)
  } while (json[at] === COMMA)
  return members
}
