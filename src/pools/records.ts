import type { Deployment } from '../core/deployment.ts'

/** The entry of a record under a name that came from outside: `constructor` and the like are no entries. */
export function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined
}

/** The deployments of each pool, pools and deployments in file order. */
export function byPool(deployments: readonly Deployment[]): Map<string, Deployment[]> {
  const pools = new Map<string, Deployment[]>()
  for (const deployment of deployments) {
    const members = pools.get(deployment.pool)
    if (members) members.push(deployment)
    else pools.set(deployment.pool, [deployment])
  }
  return pools
}
