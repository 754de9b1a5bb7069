import { dirname, resolve } from 'node:path'
import type { Findings, Place } from './finding.ts'
import { parseYaml } from './parse-yaml.ts'
import { isTree, type Places, Section, type Tree, type Value } from './tree.ts'

/** What including files needs. */
export interface IncludeContext {
  readonly findings: Findings
  readonly places: Places
  /** Gives a file's text. @throws anything when it cannot. */
  readonly readFile: (path: string) => string
  /** Path of the main file: all included ones are relative to its directory, nested ones too. */
  readonly path: string
}

/** Reads one file. Gives undefined, and findings, when it holds no map. */
export function readDocument(text: string, path: string, context: IncludeContext): Tree | undefined {
  const before = context.findings.hasErrors
  const value = parseYaml(text, { file: path, findings: context.findings, places: context.places })
  if (isTree(value)) return value
  if (value === null) return {}
  if (context.findings.hasErrors === before || value !== undefined) {
    context.findings.error({ path: '', place: { file: path, line: 1, column: 1 } }, 'expected a map of settings')
  }
  return undefined
}

/**
 * Merges the files that `include` names into the document, in place: lists are appended, every other key is replaced
 * whole and said with both places.
 */
export function mergeIncludes(document: Tree, context: IncludeContext): void {
  include(document, document, { ...context, open: [resolve(context.path)] })
}

type OpenContext = IncludeContext & { readonly open: readonly string[] }

function include(from: Tree, into: Tree, context: OpenContext): void {
  const section = new Section(from, '', context.places)
  const list = from.include
  if (list === undefined || list === null) return
  if (!Array.isArray(list)) {
    context.findings.error(section.subject('include'), 'expected a list of files')
    return
  }
  const items = new Section<Value[]>(list, 'include', context.places)
  list.forEach((name, index) => {
    const subject = items.subject(index)
    if (typeof name === 'string') includeFile(name, into, { ...context, subject })
    else context.findings.error(subject, 'expected the name of a file')
  })
}

function includeFile(name: string, into: Tree, context: OpenContext & { subject: { path: string } }): void {
  const path = resolve(dirname(context.path), name)
  if (context.open.includes(path)) {
    context.findings.error(context.subject, `${name} includes itself`)
    return
  }
  let text: string
  try {
    text = context.readFile(path)
  } catch {
    context.findings.error(context.subject, `the file ${name} cannot be read (looked for at ${path})`)
    return
  }
  const tree = readDocument(text, name, context)
  if (!tree) return
  merge(tree, into, context)
  include(tree, into, { ...context, open: [...context.open, path] })
}

function merge(from: Tree, into: Tree, { places, findings }: OpenContext): void {
  for (const [key, value] of Object.entries(from)) {
    if (key === 'include') continue
    const present = into[key]
    const place = places.of(from, key)
    if (Array.isArray(present) && Array.isArray(value)) {
      for (const [index, item] of value.entries()) {
        const itemPlace = places.of(value, index)
        if (itemPlace) places.set(present, present.length, itemPlace)
        present.push(item)
      }
      continue
    }
    if (present !== undefined)
      findings.report({ path: key, place }, `replaces the one at ${where(places.of(into, key))}`)
    into[key] = value
    if (place) places.set(into, key, place)
  }
}

function where(place: Place | undefined): string {
  return place ? `${place.file}:${place.line}:${place.column}` : 'another place'
}
