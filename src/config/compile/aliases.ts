import type { Alias } from '../../core/settings.ts'
import { flag } from '../keys/values.ts'
import { isTree, own, type Section, type Value } from '../tree.ts'
import type { CompileContext } from './context.ts'
import type { Leads } from './leads.ts'

/** Other names of pools: `model_group_alias`, then `model_alias_map` for names that the first leaves open. */
export function compileAliases(context: CompileContext, leads: Leads): Readonly<Record<string, Alias>> {
  const aliases = new Map<string, Alias>()
  const { document } = context
  read(document.section('litellm_settings')?.section('model_alias_map'), { aliases, context, leads })
  read(document.section('router_settings')?.section('model_group_alias'), { aliases, context, leads })
  return Object.fromEntries(aliases)
}

/** The names that will be aliases and what they stand for, before anybody asks whether they lead anywhere. */
export function aliasTargets({ document }: Pick<CompileContext, 'document'>): ReadonlyMap<string, string | undefined> {
  const one = document.section('litellm_settings')?.section('model_alias_map')
  const two = document.section('router_settings')?.section('model_group_alias')
  return new Map(Object.entries({ ...one?.value, ...two?.value }).map(([name, value]) => [name, targetOf(value)]))
}

function targetOf(value: Value): string | undefined {
  const pool = isTree(value) ? own(value, 'model') : value
  return typeof pool === 'string' ? pool : undefined
}

interface Reading {
  readonly aliases: Map<string, Alias>
  readonly context: CompileContext
  readonly leads: Leads
}

function read(section: Section | undefined, { aliases, context, leads }: Reading): void {
  for (const [name, value] of Object.entries(section?.value ?? {})) {
    if (!section || value === null) continue
    const subject = section.subject(name)
    const pool = targetOf(value)
    if (pool === undefined) {
      context.findings.error(subject, 'expected the name of a pool, or {model, hidden}')
      continue
    }
    const problem = leads.problem(pool, 'alias')
    if (problem !== undefined) context.findings.report(subject, problem)
    const hidden = isTree(value) && flag.safeParse(own(value, 'hidden') ?? false).data === true
    aliases.set(name, { pool, hidden })
  }
}
