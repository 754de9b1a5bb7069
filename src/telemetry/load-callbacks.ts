import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Failure } from '../core/failure.ts'
import type { Callback } from './callbacks.ts'

/** Names that tollgate serves with parts of its own rather than with a callback. */
export const BUILT_IN_CALLBACKS = ['otel', 'console', 'jsonl'] as const

export type BuiltInCallback = (typeof BUILT_IN_CALLBACKS)[number]

export interface LoadedCallbacks {
  readonly callbacks: readonly Callback[]
  /** To be switched on by the caller. */
  readonly builtIn: readonly BuiltInCallback[]
  /** Neither built in, registered nor a path: names of vendors, to be reported as without effect. */
  readonly unknown: readonly string[]
}

export interface LoadOptions {
  /** The folder of the configuration file: relative paths start there. */
  readonly directory: string
  /** Callbacks of the embedding program, by name; they go before everything else. */
  readonly registered?: Readonly<Record<string, Callback>>
}

/** A module path, perhaps with the name of an export after a colon. Vendors' names have neither dot nor slash. */
const MODULE = /^(.+?\.(?:[cm]?[jt]s))(?::([\w$]+))?$/

/**
 * Finds the callbacks that a configuration names: `otel`, `console`, `jsonl`, a registered name, or a JavaScript module
 * (`./my-callbacks.mjs`, whose default export is called, or `./my-callbacks.mjs:onSuccess`).
 * @throws Failure when a module cannot be loaded or has no such function.
 */
export async function loadCallbacks(
  names: readonly (string | Callback)[],
  { directory, registered = {} }: LoadOptions,
): Promise<LoadedCallbacks> {
  const callbacks: Callback[] = []
  const builtIn = new Set<BuiltInCallback>()
  const unknown: string[] = []
  for (const name of names) {
    const known = typeof name === 'function' ? name : registered[name]
    const own = BUILT_IN_CALLBACKS.find(each => each === name)
    const module = typeof name === 'string' ? MODULE.exec(name) : null
    if (known) callbacks.push(known)
    else if (own) builtIn.add(own)
    else if (module) callbacks.push(await importCallback(resolve(directory, module[1] ?? ''), module[2] ?? 'default'))
    else unknown.push(String(name))
  }
  return { callbacks, builtIn: [...builtIn], unknown }
}

async function importCallback(path: string, name: string): Promise<Callback> {
  let module: Readonly<Record<string, unknown>>
  try {
    module = await import(pathToFileURL(path).href)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Failure('internal', `callback ${path} cannot be loaded: ${reason}`, { cause: error })
  }
  const callback = module[name]
  if (isCallback(callback)) return callback
  const functions = Object.keys(module).filter(key => typeof module[key] === 'function')
  const found = functions.length > 0 ? functions.join(', ') : 'none'
  throw new Failure('internal', `callback ${path} exports no function "${name}"; its functions are: ${found}`)
}

function isCallback(value: unknown): value is Callback {
  return typeof value === 'function'
}
