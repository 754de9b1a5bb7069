import { VENDOR_CALLBACKS } from '../keys/litellm.ts'
import { nearest } from '../near-miss.ts'
import type { Callback, CallbackSettings } from '../settings.ts'
import { own } from '../tree.ts'
import type { CompileContext } from './context.ts'

const BUILT_IN = ['otel', 'console', 'jsonl'] as const

/** What LiteLLM has built in and tollgate has not yet, with what serves meanwhile. */
const PLANNED: Readonly<Record<string, string>> = {
  prometheus: 'read the figures from spans or JSON lines',
  generic_api: 'post the payload from a JavaScript module, as in ./callbacks.mjs',
}

/** Listeners of successes and failures: `callbacks` are both. */
export function compileCallbacks(context: CompileContext): CallbackSettings {
  const both = read(context, 'callbacks')
  return {
    success: distinct([...both, ...read(context, 'success_callback')]),
    failure: distinct([...both, ...read(context, 'failure_callback')]),
    input: distinct(read(context, 'input_callback')),
    service: distinct([...read(context, 'service_callback'), ...read(context, 'service_callbacks')]),
  }
}

type Key =
  | 'callbacks'
  | 'success_callback'
  | 'failure_callback'
  | 'input_callback'
  | 'service_callback'
  | 'service_callbacks'

function read(context: CompileContext, key: Key): readonly Callback[] {
  return (context.litellm[key] ?? []).flatMap((name, index) => callback(context, name, { key, index }) ?? [])
}

function callback(
  { document, findings }: CompileContext,
  name: string,
  { key, index }: { key: Key; index: number },
): Callback | undefined {
  const builtIn = BUILT_IN.find(known => known === name)
  if (builtIn) return { kind: builtIn }
  const [, path, exported = 'default'] = /^([^#]+\.[cm]?[jt]s)(?:#(.+))?$/.exec(name) ?? []
  if (path !== undefined) return { kind: 'module', path, exported }
  const section = document.section('litellm_settings')
  const list = Array.isArray(own(section?.value, key))
  const subject = section?.deepSubject(list ? [key, index] : [key]) ?? { path: key }
  if (PLANNED[name] !== undefined) findings.report(subject, `${name} is accepted, no effect yet: ${PLANNED[name]}`)
  else if (VENDOR_CALLBACKS.some(pattern => pattern.test(name))) {
    findings.note(subject, `${name} is accepted, no effect: callbacks of vendors are not built in (otel reaches most)`)
  } else if (/^[\w.]+\.\w+$/.test(name)) {
    findings.report(subject, `${name} is a Python callback, no effect: name a JavaScript module, as in ./callbacks.mjs`)
  } else {
    const suggestion = nearest(name, [...BUILT_IN, ...Object.keys(PLANNED)])
    findings.report(subject, `unknown callback ${name}`, suggestion === undefined ? {} : { suggestion })
  }
  return undefined
}

function distinct(callbacks: readonly Callback[]): readonly Callback[] {
  const seen = new Map(callbacks.map(one => [JSON.stringify(one), one]))
  return [...seen.values()]
}
