import { Failure } from '../core/failure.ts'
import type { Operation } from '../core/request.ts'

/** What a path says that names its model, as those of Azure's clients do. */
export interface ModelPath {
  /** The path with `{model}` where the name stands: what rules about routes speak of. */
  readonly route: string
  readonly operation: Operation
  /** Decoded; it may hold slashes. */
  readonly model: string
}

const PREFIXES = ['/openai/deployments/', '/engines/'] as const

/** The longest first: a name may end in anything, so `/chat/completions` must not be taken for `/completions`. */
const SUFFIXES: readonly (readonly [string, Operation])[] = [
  ['/chat/completions', 'chat'],
  ['/completions', 'completion'],
  ['/embeddings', 'embedding'],
]

/** The routes of calls whose path names the model, as LiteLLM serves them. */
export const MODEL_ROUTES: readonly Omit<ModelPath, 'model'>[] = PREFIXES.flatMap(prefix =>
  SUFFIXES.map(([suffix, operation]) => ({ route: routeOf(prefix, suffix), operation })),
)

/** Reads such a path; undefined for any other. @throws Failure `invalid_request` for a name that cannot be decoded. */
export function readModelPath(path: string): ModelPath | undefined {
  const found = matchOf(path)
  return found && { ...found, model: decoded(found.model) }
}

/** Whether `readModelPath` reads it. */
export function isModelPath(path: string): boolean {
  return matchOf(path) !== undefined
}

/** With the name as it is written. */
function matchOf(path: string): ModelPath | undefined {
  const prefix = PREFIXES.find(one => path.startsWith(one))
  if (!prefix) return undefined
  for (const [suffix, operation] of SUFFIXES) {
    const end = path.length - suffix.length
    if (end <= prefix.length || !path.endsWith(suffix)) continue
    return { route: routeOf(prefix, suffix), operation, model: path.slice(prefix.length, end) }
  }
  return undefined
}

function routeOf(prefix: string, suffix: string): string {
  return `${prefix}{model}${suffix}`
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch (cause) {
    throw new Failure('invalid_request', 'the model in the path is not percent-encoded UTF-8', {
      param: 'model',
      code: 'invalid_value',
      cause,
    })
  }
}
