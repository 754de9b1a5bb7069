import { randomUUID } from 'node:crypto'
import type { Json, JsonObject } from './json.ts'
import { memberText } from './json-edits.ts'

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

/**
 * A member of an object, to be written by `writeExact`: where numbers of its value are beyond what JavaScript holds for sure, it is
 * parsed once more from the object's text. Numbers are looked for in the value, which is smaller than the text.
 */
export function exactMember(object: JsonObject, name: string, text: () => Uint8Array): Json | undefined {
  const value = object[name]
  if (!hasLostDigits(value)) return value
  const exact = memberText(text(), name)
  return exact === undefined ? value : (parseExact(exact) as Json)
}

function hasLostDigits(value: Json | undefined): boolean {
  if (typeof value === 'number') return Math.abs(value) > Number.MAX_SAFE_INTEGER
  if (typeof value !== 'object' || value === null) return false
  for (const name in value) if (hasLostDigits((value as JsonObject)[name])) return true
  return false
}

/** What is no number stays as it is, for the parser to refuse. */
function marked(token: string): string {
  return NUMBER.test(token) && SUSPECT.test(token) ? `"${MARK}${token}"` : token
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/
