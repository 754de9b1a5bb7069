import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipSpace,
  stringAt,
} from './json-bytes.ts'
import { isLongText, type LongTexts } from './long-texts.ts'
import { stringEnd } from './string-end.ts'

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
      if (within?.names && json[skipSpace(json, end)] === COLON) {
        within.at = stringAt(json, { start: at, end })
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

function pathOf(open: readonly Open[]): string {
  return open
    .map(({ at }) => (typeof at === 'number' ? `[${at}]` : `.${at}`))
    .join('')
    .replace(/^\./, '')
}
