import type { Deployment } from './deployment.ts'

/** Names that stand for pools where callers are granted some (`model_info.access_groups`), and those pools. */
export type AccessGroups = ReadonlyMap<string, readonly string[]>

/** A pool is in all groups that any of its deployments names, as LiteLLM has it. */
export function accessGroupsOf(deployments: readonly Deployment[]): AccessGroups {
  const groups = new Map<string, Set<string>>()
  for (const { pool, accessGroups = [] } of deployments)
    for (const name of accessGroups) groups.set(name, (groups.get(name) ?? new Set()).add(pool))
  return new Map([...groups].map(([name, pools]) => [name, [...pools]]))
}

/** Granted names, with the pools of the groups among them. */
export function withGroups(names: readonly string[], groups: AccessGroups | undefined): readonly string[] {
  if (!groups || !names.some(name => groups.has(name))) return names
  return [...new Set(names.flatMap(name => [name, ...(groups.get(name) ?? [])]))]
}
