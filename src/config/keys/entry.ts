import type { z } from 'zod'

/**
 * What a key of LiteLLM's does here. `effect`: it is honoured. `planned`: it will be, and has no effect yet. `accept`:
 * it has none and needs none. `accept!`: it has none although it protects something, so that the gateway does not start
 * until the operator acknowledges it.
 */
export type Mark = 'effect' | 'planned' | 'accept' | 'accept!'

/** Why a key has no effect. The letters are those of the compatibility reference. */
export const reasons = {
  A: 'assistants and threads are not served',
  S: 'search tools are not served',
  V: 'vector stores, files, batches and fine-tuning are not served',
  C: 'belongs to a vendor-specific callback',
  P: 'concerns Python only',
  D: "concerns LiteLLM's database driver only",
  U: 'concerns the admin UI, single sign-on or the control plane',
  M: 'MCP and agents are not served',
  G: 'guardrails, policies and prompt management are not served',
  L: 'is planned for a later release',
  X: 'is deprecated, without effect in LiteLLM too, or not needed here',
} as const

export type Reason = keyof typeof reasons

/** One key that is known at its place. */
export interface KeyEntry {
  readonly mark: Mark
  /** One sentence for people; the schema's description. */
  readonly description: string
  /** Of a key with effect: what its value must be. */
  readonly type?: z.ZodType
  /** It guards money, data or access, or something else serves in its place: to go without is reported, not only noted. */
  readonly guards?: boolean
  /** The names that may stand in its map; others are reported. */
  readonly members?: readonly string[]
}

export type KeyTable = ReadonlyMap<string, KeyEntry>

/** Type and description of a key with effect, and perhaps the names that may stand in its map. */
export type Honoured = readonly [type: z.ZodType, description: string, members?: readonly string[]]

/** The values that a set of honoured keys has once they are read. */
export type ValuesOf<Keys extends Readonly<Record<string, Honoured>>> = {
  readonly [Key in keyof Keys]?: z.output<Keys[Key][0]>
}

type Entries = readonly (readonly [string, KeyEntry])[]

/** Keys that are honoured. */
export function effect(keys: Readonly<Record<string, Honoured>>): Entries {
  return Object.entries(keys).map(([key, [type, description, members]]) => {
    return [key, { mark: 'effect', type, description, ...(members && { members }) }] as const
  })
}

/** Keys, separated by white space, that will be honoured one day; `topic` says what they are about. */
export function planned(topic: string, keys: string): Entries {
  return words(keys).map(key => [key, { mark: 'planned', description: `Accepted, no effect yet: ${topic}.` }])
}

/** As `planned`, for keys that guard money, data or access. */
export function plannedGuard(topic: string, keys: string): Entries {
  return words(keys).map(key => {
    return [key, { mark: 'planned', guards: true, description: `Accepted, no effect yet: ${topic}.` }]
  })
}

/** Keys without effect; one that ends in `!` blocks the start until it is acknowledged. */
export function accept(reason: Reason, keys: string): Entries {
  const description = `Accepted, no effect: ${reasons[reason]}.`
  return words(keys).map(key => {
    return key.endsWith('!')
      ? [key.slice(0, -1), { mark: 'accept!', description }]
      : [key, { mark: 'accept', description }]
  })
}

/** A key without effect whose author should do something else instead: the description says what, and it is reported. */
export function advised(key: string, description: string): Entries {
  return [[key, { mark: 'accept', guards: true, description }]]
}

/** One table of several groups. */
export function table(...groups: readonly Entries[]): KeyTable {
  return new Map(groups.flat())
}

function words(text: string): string[] {
  return text.split(/\s+/).filter(word => word !== '')
}
