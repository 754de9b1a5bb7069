import { isObject, type Json, type JsonObject } from '../../core/json.ts'

/** Messages, and the parts of their content, without the members of these names; the same list when there are none. */
export function withoutMembers(messages: readonly Json[], names: readonly string[]): readonly Json[] {
  let kept: Json[] | undefined
  for (const [index, message] of messages.entries()) {
    if (!isObject(message)) continue
    const without = oneWithout(message, names)
    if (without === message) continue
    kept ??= [...messages]
    kept[index] = without
  }
  return kept ?? messages
}

function oneWithout(message: JsonObject, names: readonly string[]): JsonObject {
  let kept: Record<string, Json | undefined> | undefined
  for (const name of names) {
    if (!Object.hasOwn(message, name)) continue
    kept ??= { ...message }
    delete kept[name]
  }
  // A long text that nobody has decoded yet has no value here, and is not decoded for this (core/long-texts.ts).
  const content: unknown = Object.getOwnPropertyDescriptor(message, 'content')?.value
  if (!Array.isArray(content)) return kept ?? message
  const parts = withoutMembers(content, names)
  return parts === content ? (kept ?? message) : { ...(kept ?? message), content: parts }
}
