import type { Json, JsonObject } from '../core/json.ts'

/** Fields that an operation was sent: absent ones stay as they are, null takes away. */
export type Patch = Readonly<Record<string, Json | undefined>>

/** The fields of LiteLLM's API that have no column of their own. */
export function readData(row: { readonly data: string }): JsonObject {
  return JSON.parse(row.data) as JsonObject
}

/** What an update makes of stored fields. Null is not kept: an absent field is unset, and so is null in LiteLLM's API. */
export function patched(before: JsonObject, patch: Patch): JsonObject {
  const after: Record<string, Json | undefined> = { ...before }
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete after[name]
    else if (value !== undefined) after[name] = value
  }
  return after
}

/** Text of fields as a row holds it. */
export function dataText(fields: object): string {
  return JSON.stringify(Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)))
}

/** A row as the audit keeps it: its fields beside its columns. */
export function auditable<Row extends { readonly data: string }>({ data, ...columns }: Row): object {
  return { ...columns, ...readData({ data }) }
}

/** The named fields, null where they are unset. */
export function shownFields(data: JsonObject, names: readonly string[]): Record<string, Json> {
  return Object.fromEntries(names.map(name => [name, data[name] ?? null]))
}

/** A time of the store as LiteLLM writes times. */
export function isoTime(at: number | null | undefined): string | null {
  return at === null || at === undefined ? null : new Date(at).toISOString()
}

/** The columns of a row that say who made it, when. */
export function madeBy(keyId: string, now: number) {
  return { created_at: now, created_by: keyId, updated_at: now, updated_by: keyId }
}

/** The same four columns as they are shown. */
export function shownDates(row: {
  readonly created_at: number
  readonly created_by: string | null
  readonly updated_at: number
  readonly updated_by: string | null
}) {
  return {
    created_at: isoTime(row.created_at),
    created_by: row.created_by,
    updated_at: isoTime(row.updated_at),
    updated_by: row.updated_by,
  }
}
