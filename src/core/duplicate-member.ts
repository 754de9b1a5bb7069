import { isLongText, type LongTexts } from './long-texts.ts'
import { stringEnd } from './string-end.ts'

const QUOTE = 34
const OPEN_BRACKET = 91
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const CLOSE_BRACE = 125
const COLON = 58
const COMMA = 44

/** How many members the objects of a value have, all together. Decodes no long text. */
export function countMembers(value: unknown, longTexts?: LongTexts): number {
  let count = 0
  const waiting: unknown[] = [value]
  while (waiting.length > 0) {
    const one = waiting.pop()
    if (typeof one !== 'object' || one === null) continue
    if (Array.isArray(one)) {
      for (const item of one) if (typeof item === 'object') waiting.push(item)
      continue
    }
    for (const name of Object.keys(one)) {
      count++
      if (isLongText(longTexts, one, name)) continue
      const member = (one as Record<string, unknown>)[name]
      if (typeof member === 'object') waiting.push(member)
    }
  }
  return count
}

/** An object or list that has begun and not ended. */
interface Open {
  /** Undefined in a list. */
  readonly names: Set<string> | undefined
  /** Of what stands in it now: the last name, or the index. */
  at: string | number
}

/**
 * The first member whose object has one of that name already, as a path: `messages[0].role`. Undefined where each stands once. Names
 * are compared as they are meant: `"\u006e"` is `"n"`. For valid JSON.
 */
export function duplicateMember(json: Uint8Array): string | undefined {
  const open: Open[] = []
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]
    if (byte === OPEN_BRACE) open.push({ names: new Set(), at: '' })
    else if (byte === OPEN_BRACKET) open.push({ names: undefined, at: 0 })
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) open.pop()
    else if (byte === COMMA) next(open.at(-1))
    else if (byte === QUOTE) {
      const end = stringEnd(json, at) + 1
      const within = open.at(-1)
      if (within?.names && isName(json, end)) {
        within.at = textAt(json, at, end)
        if (within.names.has(within.at)) return pathOf(open)
        within.names.add(within.at)
      }
      at = end - 1
    }
  }
  return undefined
}

function next(list: Open | undefined): void {
  if (typeof list?.at === 'number') list.at++
}

function isName(json: Uint8Array, end: number): boolean {
  let at = end
  while (json[at] === 32 || json[at] === 10 || json[at] === 13 || json[at] === 9) at++
  return json[at] === COLON
}

function textAt(json: Uint8Array, start: number, end: number): string {
  return String(JSON.parse(Buffer.from(json.buffer, json.byteOffset + start, end - start).toString('utf8')))
}

function pathOf(open: readonly Open[]): string {
  return open
    .map(({ at }) => (typeof at === 'number' ? `[${at}]` : `.${at}`))
    .join('')
    .replace(/^\./, '')
}
