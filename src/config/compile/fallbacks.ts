import type { Fallback, FallbackTable } from '../../core/call.ts'
import type { FallbackSettings } from '../../core/settings.ts'
import type { Findings, Subject } from '../finding.ts'
import { isTree, own, type Section, type Value } from '../tree.ts'
import type { CompileContext } from './context.ts'

/** Whether a name leads to a deployment: a pool, an alias, a pattern or an id. */
export type Resolves = (name: string) => boolean

/** Where calls go when their pool fails; `router_settings` win over `litellm_settings`, list by list. */
export function compileFallbacks(context: CompileContext, resolves: Resolves): FallbackSettings {
  const { router, litellm } = context
  const reader = new FallbackReader(context.findings, resolves)
  const read = (names: readonly string[]) => reader.table(firstSection(context, names))
  const general = { ...read(['fallbacks', 'model_fallbacks']) }
  const always = router.default_fallbacks ?? litellm.default_fallbacks
  if (always && !Object.hasOwn(general, '*')) {
    general['*'] = reader.targets(firstSection(context, ['default_fallbacks']))
  }
  return {
    general,
    contextWindow: { ...reader.longer(context), ...read(['context_window_fallbacks']) },
    contentPolicy: read(['content_policy_fallbacks']),
    max: router.max_fallbacks ?? litellm.max_fallbacks ?? 5,
  }
}

type Located = { readonly section: Section; readonly key: string }

function firstSection({ document }: CompileContext, names: readonly string[]): Located | undefined {
  for (const place of ['router_settings', 'litellm_settings']) {
    const section = document.section(place)
    const key = names.find(name => own(section?.value, name) !== undefined)
    if (section && key) return { section, key }
  }
  return undefined
}

class FallbackReader {
  readonly #findings: Findings
  readonly #resolves: Resolves

  constructor(findings: Findings, resolves: Resolves) {
    this.#findings = findings
    this.#resolves = resolves
  }

  /** `[{pool: [targets]}, ...]`; a map of all of them at once does as well. */
  table(located: Located | undefined): FallbackTable {
    if (!located) return {}
    const { section, key } = located
    const list = section.list(key)
    const items = list ? list.value.map((_, index) => list.section(index)) : [section.section(key)]
    const table = new Map<string, readonly Fallback[]>()
    items.forEach((item, index) => {
      if (!item) this.#findings.error(section.deepSubject([key, index]), 'expected {pool: [targets]}')
      else for (const pool of Object.keys(item.value)) this.#entry(item, pool, table)
    })
    return Object.fromEntries(table)
  }

  /** `litellm_settings.longer_context_model_fallback_dict`: `{pool: pool}`. */
  longer({ document, litellm }: CompileContext): FallbackTable {
    const section = document.section('litellm_settings')?.section('longer_context_model_fallback_dict')
    const entries = Object.entries(litellm.longer_context_model_fallback_dict ?? {}).map(([pool, target]) => {
      const subject = section?.subject(pool) ?? { path: pool }
      if (!this.#resolves(pool)) this.#findings.report(subject, `no pool is called ${pool}`)
      return [pool, this.#target(target, subject)] as const
    })
    return Object.fromEntries(entries)
  }

  #entry(item: Section, pool: string, table: Map<string, readonly Fallback[]>): void {
    const subject = item.subject(pool)
    if (pool !== '*' && !this.#resolves(pool)) this.#findings.report(subject, `no pool is called ${pool}`)
    if (table.has(pool))
      this.#findings.report(subject, `the pool ${pool} has two lists of fallbacks: the last one counts`)
    table.set(pool, this.targets({ section: item, key: pool }))
  }

  /** `[pool, {model: pool, ...replaced fields}, ...]`. */
  targets(located: Located | undefined): readonly Fallback[] {
    if (!located) return []
    const { section, key } = located
    const value = own(section.value, key)
    if (typeof value === 'string') {
      this.#findings.report(section.subject(key), 'a single target is read as a list of one: LiteLLM refuses it')
      return this.#target(value, section.subject(key))
    }
    const list = section.list(key)
    if (!list) {
      this.#findings.error(section.subject(key), 'expected a list of pools')
      return []
    }
    return list.value.flatMap((target, index) => this.#target(target, list.subject(index)))
  }

  #target(target: Value, subject: Subject): Fallback[] {
    const name = isTree(target) ? own(target, 'model') : target
    if (typeof name !== 'string') {
      this.#findings.error(subject, 'expected the name of a pool, or {model: pool, ...}')
      return []
    }
    if (!this.#resolves(name)) this.#findings.report(subject, `no pool is called ${name}`)
    if (!isTree(target)) return [{ pool: name }]
    const { model: _, ...replace } = target
    return [Object.keys(replace).length > 0 ? { pool: name, replace } : { pool: name }]
  }
}
