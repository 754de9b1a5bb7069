import { isObject, type Json } from '../../core/json.ts'

/** Where messages and tools hold more of what a client may have put a member into. */
const INNER: readonly string[] = ['content', 'tool_calls', 'function']

/**
 * Messages, the parts of their content and their calls of tools, or tools, without the members of these names; the same list when
 * there are none.
 */
export function withoutMembers(list: readonly Json[], names: readonly string[]): readonly Json[] {
  let kept: Json[] | undefined
  for (const [index, one] of list.entries()) {
    const without = oneWithout(one, names)
    if (without === one) continue
    kept ??= [...list]
    kept[index] = without
  }
  return kept ?? list
}

function oneWithout(one: Json, names: readonly string[]): Json {
  if (!isObject(one)) return one
  let kept: Record<string, Json | undefined> | undefined
  for (const name of names) {
    if (!Object.hasOwn(one, name)) continue
    kept ??= { ...one }
    delete kept[name]
  }
  for (const name of INNER) {
    // A long text that nobody has decoded yet has no value here, and is not decoded for this (core/long-texts.ts).
    const inner: Json | undefined = Object.getOwnPropertyDescriptor(one, name)?.value
    if (typeof inner !== 'object' || inner === null) continue
    const without = Array.isArray(inner) ? withoutMembers(inner, names) : oneWithout(inner, names)
    if (without === inner) continue
    kept ??= { ...one }
    kept[name] = without
  }
  return kept ?? one
}
