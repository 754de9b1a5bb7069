import { exactMember } from '../core/exact-numbers.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { Request } from '../core/request.ts'

/**
 * The request's body with these members as `writeExact` writes them digit by digit; the same one when none has lost any, or there is
 * no text. Schemas hold such numbers: `maximum: 9223372036854775807` is rounded to one that no 64 bits hold.
 */
export function withExact({ body, source }: Request, names: readonly string[]): JsonObject {
  if (!source) return body
  let exact: Record<string, Json | undefined> | undefined
  for (const name of names) {
    const value = exactMember(body, name, () => source.bytes.joined())
    if (value === body[name]) continue
    exact ??= { ...body }
    exact[name] = value
  }
  return exact ?? body
}
