import { isObject, type Json, type JsonObject } from '../core/json.ts'
import { notAllowed } from './errors.ts'

/**
 * Refuses fields that the caller may not write, whatever their values: who may change something of a thing may not
 * therefore change all of it.
 * @throws Failure `forbidden`, naming the field
 */
export function requireWritable(sent: object, writable: ReadonlySet<string>, who: string): void {
  for (const [name, value] of Object.entries(sent)) {
    if (value === undefined || writable.has(name)) continue
    throw notAllowed(`${who} may not change ${name}`, name)
  }
}

/** Names in `metadata` that the gateway acts on; only its administrators set them. */
const RESERVED = ['priority', 'tags'] as const

/** Refuses metadata that says anything else of what the gateway acts on than it did. @throws Failure `forbidden` */
export function requireSameReserved(before: JsonObject, sent: Json | undefined): void {
  if (sent === undefined) return
  const [was, is] = [objectOf(before.metadata), objectOf(sent)]
  const other = RESERVED.find(name => JSON.stringify(was[name]) !== JSON.stringify(is[name]))
  if (other) throw notAllowed(`metadata.${other} is set by administrators of the gateway`, 'metadata')
}

/** Refuses tags that are others than before. @throws Failure `forbidden` */
export function requireSameTags(before: JsonObject, sent: Json | undefined): void {
  if (sent === undefined || JSON.stringify(before.tags ?? null) === JSON.stringify(sent)) return
  throw notAllowed('tags are set by administrators of the gateway', 'tags')
}

function objectOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {}
}
