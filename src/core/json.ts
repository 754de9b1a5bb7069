/** A JSON value as it is after parsing. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject

/** A JSON object as it is after parsing. Nobody changes one that came from outside. */
export interface JsonObject {
  readonly [key: string]: Json | undefined
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
