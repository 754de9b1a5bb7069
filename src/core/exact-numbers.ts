import { randomUUID } from 'node:crypto'

/** Begins a text that stands for a number. Its first character is in hardly any text, so that a search for it ends at once. */
const MARK = `\ue000${randomUUID()}:`
const MARKED = new RegExp(`"${MARK}([^"]+)"`, 'g')

/** Text in which there may be a number of more digits than JavaScript keeps, or an exponent beyond its own. */
const SUSPECT = /\d[\d.]{15}|\d[eE][-+]?\d{3}/
/** A string, which is passed over, or a number. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[-+.\deE]*/g

/**
 * Parses JSON that is to be written again by `writeExact`: numbers that JavaScript cannot hold stand in it as marked texts. An
 * identifier of 64 bits is a number to some, and another one when its last digits are lost. @throws SyntaxError
 */
export function parseExact(json: string): unknown {
  return JSON.parse(SUSPECT.test(json) ? json.replace(TOKEN, marked) : json)
}

/** Writes JSON, with the numbers of `parseExact` digit by digit. */
export function writeExact(value: unknown): string {
  const json = JSON.stringify(value)
  return json.includes(MARK) ? json.replace(MARKED, '$1') : json
}

/** What is no number stays as it is, for the parser to refuse. */
function marked(token: string): string {
  return NUMBER.test(token) && SUSPECT.test(token) ? `"${MARK}${token}"` : token
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/
