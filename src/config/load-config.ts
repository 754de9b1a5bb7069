import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { JsonObject } from '../core/json.ts'
import { isPriceKey } from '../prices/price-keys.ts'
import { checkKeys } from './check-keys.ts'
import { type Compiled, type CompileInput, compile, nobodyLeft } from './compile/compile.ts'
import { openPriceBook } from './compile/prices.ts'
import { type Environment, extendEnvironment, reportMissing, resolveReferences } from './environment.ts'
import { ConfigError, type Finding, Findings } from './finding.ts'
import { mergeIncludes, readDocument } from './include.ts'
import { readProblem } from './read-problem.ts'
import { redact } from './redact.ts'
import { isTree, own, Places, Section, type Tree, toTree } from './tree.ts'

/** Where a configuration comes from: a file, a text (perhaps with the path it came from), or an object. */
export type ConfigSource =
  | { readonly path: string }
  | { readonly text: string; readonly path?: string }
  | { readonly object: object }

export interface LoadOptions {
  /** Variables for references and keys. Default `process.env`. */
  readonly env?: Environment
  /** Gives a file's text: of the configuration, of what it includes, of its price map. Default: from the disk. */
  readonly readFile?: (path: string) => string
  /** Keys whose missing protection the operator accepts (`--acknowledge KEY`), by path or last name. */
  readonly acknowledged?: readonly string[]
  /** Give back what could be compiled instead of throwing, as `tollgate check` needs it. Default false. */
  readonly tolerant?: boolean
  /**
   * The process is a gateway: it keeps its books in an SQLite file unless something else is said, and DATABASE_URL and
   * REDIS_* in the environment are meant for it. Default false, as for a library within somebody's application.
   */
  readonly serves?: boolean
  /**
   * Somebody may listen with these settings: a master key whose variable is not set is an error then, because the door would
   * be open; otherwise it is reported. Default true.
   */
  readonly listens?: boolean
}

/** A configuration, read and compiled. */
export interface LoadedConfig extends Compiled {
  /** What was configured, merged and as written, with every secret masked. */
  readonly document: JsonObject
  /** All that its author should know, in the order of discovery. */
  readonly findings: readonly Finding[]
  /** The variables that `environment_variables` sets, for those who read the environment themselves. Holds secrets. */
  readonly environment: () => Environment
  /** The same configuration with further entries behind those of its `model_list`. */
  readonly withModels: (entries: readonly object[]) => WithModels
}

/** A configuration with models that are not in its file. What of them cannot be used is left out, and told. */
export interface WithModels extends Compiled {
  /** `model_list` as a whole, as written, with every secret masked. */
  readonly models: readonly JsonObject[]
  /** How many of them, at the beginning, are the configuration's own. */
  readonly configured: number
  /** What is to be said of the further entries, each list in the order of the entries. */
  readonly findings: readonly (readonly Finding[])[]
}

/**
 * Reads LiteLLM's configuration and compiles it into settings.
 * @throws ConfigError when there is an error among the findings or no deployment is left, unless `tolerant`.
 */
export function loadConfig(source: ConfigSource, options: LoadOptions = {}): LoadedConfig {
  const { env = process.env, readFile = readText, acknowledged = [], tolerant = false } = options
  const { serves = false, listens = true } = options
  const path = 'path' in source && source.path !== undefined ? source.path : 'config.yaml'
  const findings = new Findings('object' in source ? undefined : path)
  const places = new Places()
  const context = { findings, places, readFile, path }
  const tree = readSource(source, context)
  mergeIncludes(tree, context)
  const written = structuredClone(tree)
  const document = new Section(tree, '', places)
  const extended = extendEnvironment(document, env)
  const openPrices = (tollgate: Parameters<typeof openPriceBook>[0]) =>
    openPriceBook(tollgate, { ...context, document })
  const readBeside = (file: string) => readFile(resolve(dirname(path), file))
  const parts = { written, env: extended, findings, serves, listens, readBeside, acknowledged: new Set(acknowledged) }
  const compiled = compileDocument(document, { ...parts, openPrices })
  if (!tolerant && findings.hasErrors) throw ConfigError.of(findings.list)
  if (!tolerant && compiled.settings.routing.deployments.length === 0) throw nobodyLeft(compiled.leftOut, findings)
  return {
    ...compiled,
    document: redact(written),
    findings: findings.list,
    environment: () => extended,
    withModels: entries => compileWith(entries, { ...parts, openPrices: () => compiled.prices }),
  }
}

interface DocumentParts extends Omit<CompileInput, 'document'> {
  readonly acknowledged: ReadonlySet<string>
  readonly listens: boolean
}

/** From a document as it was read, references and all, to settings. */
function compileDocument(document: Section, { acknowledged, listens, ...input }: DocumentParts): Compiled {
  const { findings, env } = input
  resolveReferences(document, env, reportMissing(findings, listens))
  checkKeys(document, { findings, acknowledged, isPriceKey })
  checkShapes(document, findings)
  return compile({ ...input, document })
}

function compileWith(entries: readonly object[], parts: DocumentParts): WithModels {
  const list = own(parts.written, 'model_list')
  const known = Array.isArray(list) ? list : []
  const written: Tree = { ...parts.written, model_list: [...known, ...entries.map(entry => toTree(entry))] }
  const findings = new Findings()
  const document = new Section(structuredClone(written), '', new Places())
  const compiled = compileDocument(document, { ...parts, written, findings })
  const models = redact(written).model_list as readonly JsonObject[]
  const configured = known.length
  return { ...compiled, models, configured, findings: entries.map((_, at) => findingsOf(configured + at, findings)) }
}

function findingsOf(index: number, { list }: Findings): readonly Finding[] {
  const place = `model_list[${index}]`
  return list.flatMap(one => {
    if (one.path !== place && !one.path.startsWith(`${place}.`)) return []
    return [{ ...one, path: one.path.slice(place.length + 1) }]
  })
}

type Context = Parameters<typeof readDocument>[2]

function readSource(source: ConfigSource, context: Context): Tree {
  if ('object' in source) {
    const tree = toTree(source.object)
    if (isTree(tree)) return tree
    throw new ConfigError('the configuration is not an object')
  }
  const text = 'text' in source ? source.text : readMain(source.path, context)
  const tree = readDocument(text, context.path, context)
  if (!tree) throw ConfigError.of(context.findings.list)
  return tree
}

function readMain(path: string, { readFile }: Context): string {
  try {
    return readFile(path)
  } catch (error) {
    throw new ConfigError(`the configuration ${path} cannot be read: ${readProblem(error)}`)
  }
}

function readText(path: string): string {
  return readFileSync(path, 'utf8')
}

const LISTS = ['model_list', 'credential_list']
const MAPS = ['router_settings', 'litellm_settings', 'general_settings', 'tollgate_settings', 'environment_variables']

/** A section of the wrong shape would be read as an empty one. */
function checkShapes(document: Section, findings: Findings): void {
  for (const [key, value] of Object.entries(document.value)) {
    if (value === null) continue
    if (LISTS.includes(key) && !Array.isArray(value)) findings.error(document.subject(key), 'expected a list')
    if (MAPS.includes(key) && !isTree(value)) findings.error(document.subject(key), 'expected a map of settings')
  }
}
