/**
 * PostgreSQL's texts have neither NUL nor half a surrogate pair, and SQLite makes bytes of the latter that are no UTF-8: one such text
 * would keep a whole batch out for ever, or end the process that reads it.
 */
const UNSTORABLE = /[\0\p{Surrogate}]/u

/** Whether a text can be kept by every store. What people name things by must be. */
export function isStorable(text: string): boolean {
  return !UNSTORABLE.test(text)
}

/** What is wrong with a text that is not. */
export const UNSTORABLE_SAID = 'holds NUL or half a surrogate pair, which no store keeps'

/** JSON without what cannot be kept, which it has only as escapes, and rarely: halves of pairs become U+FFFD, NULs go. */
export function storableJson(json: string): string {
  if (!json.includes('\\u') || !/\\u(?:0000|d[89a-f])/i.test(json)) return json
  return JSON.stringify(JSON.parse(json), (_, value: unknown) =>
    typeof value === 'string' ? wellFormed(value).replaceAll('\0', '') : value,
  )
}

function wellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8')
}
