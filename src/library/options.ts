import { ConfigError } from '../config/finding.ts'
import type { Callback } from '../telemetry/index.ts'

/** One deployment, in LiteLLM's names. */
export interface ModelEntry {
  /** The alias under which it answers; several with one name share the load. */
  readonly model_name: string
  readonly litellm_params: {
    /** `provider/model`, such as `openai/gpt-4o-mini`. */
    readonly model: string
    /** A key, or `os.environ/NAME`. Default: the provider's usual variable. */
    readonly api_key?: string
    readonly api_base?: string
    /** Request defaults, prices, limits, and whatever shall be sent upstream. */
    readonly [parameter: string]: unknown
  }
  readonly model_info?: object
  readonly [key: string]: unknown
}

/**
 * LiteLLM's settings: the sections of a configuration file, and beside `model_list` any router setting by its own name
 * (`num_retries`, `fallbacks`, `routing_strategy`, ...), as LiteLLM's own Router takes them.
 */
export interface RouterOptions {
  readonly model_list: readonly ModelEntry[]
  readonly router_settings?: object
  readonly litellm_settings?: object
  readonly general_settings?: object
  readonly tollgate_settings?: object
  /** Called after every answered call. */
  readonly success_callback?: Callback | readonly Callback[]
  /** Called after every failed or abandoned call. */
  readonly failure_callback?: Callback | readonly Callback[]
  readonly [setting: string]: unknown
}

/** Sections of a configuration file; every other name is a router setting. */
const SECTIONS: ReadonlySet<string> = new Set([
  'model_list',
  'router_settings',
  'litellm_settings',
  'general_settings',
  'tollgate_settings',
  'environment_variables',
  'credential_list',
  'callback_settings',
])

export interface FileShape {
  readonly settings: object
  readonly success: readonly Callback[]
  readonly failure: readonly Callback[]
}

/** The options as a configuration file would hold them, and the functions among them apart. */
export function inFileShape({ success_callback, failure_callback, ...options }: RouterOptions): FileShape {
  const { names, found } = withoutFunctions(options.litellm_settings)
  const sections: Record<string, unknown> = {}
  const router: Record<string, unknown> = {}
  for (const name in options) (SECTIONS.has(name) ? sections : router)[name] = options[name]
  const settings = { ...sections, ...names, router_settings: { ...router, ...options.router_settings } }
  return {
    settings,
    success: [...found.success_callback, ...functions('success_callback', success_callback)],
    failure: [...found.failure_callback, ...functions('failure_callback', failure_callback)],
  }
}

const CALLBACKS = ['success_callback', 'failure_callback'] as const

type Found = Record<(typeof CALLBACKS)[number], Callback[]>

interface Sorted {
  /** The section with its names alone; none, when there is no section. */
  readonly names: { readonly litellm_settings?: object }
  readonly found: Found
}

/** Takes functions out of `litellm_settings`, where LiteLLM's users have them beside names. */
function withoutFunctions(section: RouterOptions['litellm_settings']): Sorted {
  const found: Found = { success_callback: [], failure_callback: [] }
  if (typeof section !== 'object' || section === null) return { names: {}, found }
  const names: Record<string, unknown> = { ...section }
  for (const key of CALLBACKS) {
    const given = names[key]
    const list: unknown = typeof given === 'function' ? [given] : given
    if (!Array.isArray(list)) continue
    found[key] = list.filter(each => typeof each === 'function')
    if (found[key].length > 0) names[key] = list.filter(each => typeof each !== 'function')
  }
  return { names: { litellm_settings: names }, found }
}

/** One function or several. @throws ConfigError for anything else, which only JavaScript lets through. */
export function functions(name: string, given: Callback | readonly Callback[] | undefined): readonly Callback[] {
  const list = typeof given === 'function' ? [given] : (given ?? [])
  if (Array.isArray(list) && list.every(each => typeof each === 'function')) return list
  throw ConfigError.of([
    {
      severity: 'error',
      file: undefined,
      line: undefined,
      column: undefined,
      path: name,
      message: `expected functions; names of callbacks stand in litellm_settings.${name}`,
    },
  ])
}
