import type { JsonObject } from '../core/json.ts'
import type { Place, Subject } from './finding.ts'

/** A value of a configuration while it is being read. */
export type Value = null | boolean | number | string | Value[] | Tree

/** A map of a configuration while it is being read: only own keys, never `__proto__`. */
export interface Tree {
  [key: string]: Value
}

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value of an own key; null, which YAML writes for nothing, counts as absent. */
export function own(tree: Tree | JsonObject | undefined, key: string): Value | undefined {
  if (!tree || !Object.hasOwn(tree, key)) return undefined
  return (tree[key] as Value | undefined) ?? undefined
}

/** The map under an own key; undefined when there is none or something else. */
export function child(tree: Tree | undefined, key: string): Tree | undefined {
  const value = own(tree, key)
  return isTree(value) ? value : undefined
}

/** Remembers where keys and items came from, so that any later step can name the line. */
export class Places {
  readonly #known = new WeakMap<object, Map<string | number, Place>>()

  set(container: Tree | Value[], key: string | number, place: Place): void {
    const places = this.#known.get(container) ?? new Map<string | number, Place>()
    this.#known.set(container, places.set(key, place))
  }

  of(container: Tree | Value[], key: string | number): Place | undefined {
    return this.#known.get(container)?.get(key)
  }
}

/** One map or list of the configuration: its value, its path, and where its members stand. */
export class Section<Kind extends Tree | Value[] = Tree> {
  readonly value: Kind
  readonly path: string
  readonly places: Places

  constructor(value: Kind, path: string, places: Places) {
    this.value = value
    this.path = path
    this.places = places
  }

  /** What a finding about one member is about. */
  subject(key: string | number): Subject {
    return { path: this.#path(key), place: this.places.of(this.value, key) }
  }

  /** What a finding about a member that is not there is about: it points at the first one that is. */
  missing(key: string): Subject {
    const [first = ''] = Object.keys(this.value)
    return { path: this.#path(key), place: this.subject(Array.isArray(this.value) ? Number(first) : first).place }
  }

  /** The map under `key`, as a section. */
  section(key: string | number): Section | undefined {
    const value = this.#member(key)
    return isTree(value) ? new Section(value, this.#path(key), this.places) : undefined
  }

  /** The list under `key`, as a section. */
  list(key: string | number): Section<Value[]> | undefined {
    const value = this.#member(key)
    return Array.isArray(value) ? new Section(value, this.#path(key), this.places) : undefined
  }

  /** The subject of a place deeper down, as far as it is known. */
  deepSubject(path: readonly (string | number)[]): Subject {
    const [key, ...rest] = path
    if (key === undefined) return { path: this.path }
    const below = rest.length > 0 ? (this.section(key) ?? this.list(key)) : undefined
    if (!below) return this.subject(key)
    const deeper = below.deepSubject(rest)
    return { path: deeper.path, place: deeper.place ?? this.subject(key).place }
  }

  #member(key: string | number): Value | undefined {
    if (Array.isArray(this.value)) return typeof key === 'number' ? this.value[key] : undefined
    return own(this.value, String(key))
  }

  #path(key: string | number): string {
    if (typeof key === 'number') return `${this.path}[${key}]`
    return this.path === '' ? key : `${this.path}.${key}`
  }
}

/** Copies plain data into a tree, dropping what no configuration can hold: functions, undefined, `__proto__`. */
export function toTree(value: unknown, depth = 0): Value {
  if (depth > 64) return null
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(item => toTree(item, depth + 1))
  if (typeof value !== 'object' || value === null) return null
  const tree: Tree = {}
  for (const [key, member] of Object.entries(value)) {
    if (key === '__proto__' || member === undefined || typeof member === 'function') continue
    tree[key] = toTree(member, depth + 1)
  }
  return tree
}
