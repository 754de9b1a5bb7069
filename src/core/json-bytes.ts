/** The bytes of JSON's punctuation. */
export const QUOTE = 34
export const COMMA = 44
export const COLON = 58
export const OPEN_BRACKET = 91
export const BACKSLASH = 92
export const CLOSE_BRACKET = 93
export const OPEN_BRACE = 123
export const CLOSE_BRACE = 125

/** The first byte from `from` on that is no white space of JSON's. */
export function skipSpace(json: Uint8Array, from: number): number {
  let at = from
  while (isSpace(json[at])) at++
  return at
}

export function isSpace(byte: number | undefined): boolean {
  return byte === 32 || byte === 10 || byte === 13 || byte === 9
}

/** The string that stands from `start` to just before `end`, quotes included. @throws SyntaxError where it is none. */
export function stringAt(json: Uint8Array, { start, end }: { readonly start: number; readonly end: number }): string {
  return String(JSON.parse(Buffer.from(json.buffer, json.byteOffset + start, end - start).toString('utf8')))
}
