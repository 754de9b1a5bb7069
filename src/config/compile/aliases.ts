import type { Alias } from '../../core/settings.ts'
import { flag } from '../keys/values.ts'
import { isTree, own, type Section } from '../tree.ts'
import type { CompileContext } from './context.ts'
import type { Resolves } from './fallbacks.ts'

/** Other names of pools: `model_group_alias`, then `model_alias_map` for names that the first leaves open. */
export function compileAliases(context: CompileContext, resolves: Resolves): Readonly<Record<string, Alias>> {
  const aliases = new Map<string, Alias>()
  const { document } = context
  read(document.section('litellm_settings')?.section('model_alias_map'), { aliases, context, resolves })
  read(document.section('router_settings')?.section('model_group_alias'), { aliases, context, resolves })
  return Object.fromEntries(aliases)
}

/** The names that will be aliases, before anybody asks whether they lead anywhere. */
export function aliasNames({ document }: Pick<CompileContext, 'document'>): readonly string[] {
  const one = document.section('litellm_settings')?.section('model_alias_map')
  const two = document.section('router_settings')?.section('model_group_alias')
  return [...Object.keys(one?.value ?? {}), ...Object.keys(two?.value ?? {})]
}

interface Reading {
  readonly aliases: Map<string, Alias>
  readonly context: CompileContext
  readonly resolves: Resolves
}

function read(section: Section | undefined, { aliases, context, resolves }: Reading): void {
  for (const [name, value] of Object.entries(section?.value ?? {})) {
    if (!section || value === null) continue
    const subject = section.subject(name)
    const pool = isTree(value) ? own(value, 'model') : value
    if (typeof pool !== 'string') {
      context.findings.error(subject, 'expected the name of a pool, or {model, hidden}')
      continue
    }
    if (!resolves(pool)) context.findings.report(subject, `no pool is called ${pool}`)
    const hidden = isTree(value) && flag.safeParse(own(value, 'hidden') ?? false).data === true
    aliases.set(name, { pool, hidden })
  }
}
