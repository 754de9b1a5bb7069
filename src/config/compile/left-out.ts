import type { KeySource } from './connection.ts'

/** A deployment that cannot be used as things are. */
export interface LeftOut {
  readonly pool: string
  /** As configured: `openai/gpt-4o-mini`. */
  readonly model: string
  /** Which entry of `model_list` it is, counting from 0. */
  readonly entry: number
  readonly reason: string
  /** Environment variables that would have helped. */
  readonly variables: readonly string[]
  /** Only a key is missing, and `variables` are where it was looked for. */
  readonly lacksKey: boolean
}

/** How the deployments came about. */
export interface Origins {
  /** By the deployment's id. */
  readonly keySources: ReadonlyMap<string, KeySource>
  /** By the deployment's id: which entry of `model_list` it is, counting from 0. */
  readonly entries: ReadonlyMap<string, number>
  readonly leftOut: readonly LeftOut[]
}

/** Each model once, with the pools that go without it: `openai/gpt-4o-mini (fast, default)`, and why. */
export function leftOutLines(leftOut: readonly LeftOut[], options: { readonly keys: boolean }): readonly string[] {
  const pools = new Map<string, Set<string>>()
  for (const one of leftOut) {
    const tail = one.lacksKey && !options.keys ? '' : `: ${reasonOf(one)}`
    const line = JSON.stringify([one.model, tail])
    pools.set(line, (pools.get(line) ?? new Set()).add(one.pool))
  }
  return [...pools].map(([line, names]) => {
    const [model, tail] = JSON.parse(line) as [string, string]
    return `${model} (${[...names].join(', ')})${tail}`
  })
}

/** Why nobody can answer, in one line: each variable that would help stands there once. */
export function nobodyLeftLine(leftOut: readonly LeftOut[]): string {
  const variables = new Set(leftOut.filter(one => one.lacksKey).flatMap(one => one.variables))
  const looked = variables.size > 0 ? `: no key was found in ${[...variables].join(', ')}` : ''
  return `no deployment is left to answer${looked}`
}

/** Without the model's name, which stands before it. */
function reasonOf({ model, reason }: LeftOut): string {
  return reason.startsWith(`${model} `) ? reason.slice(model.length + 1) : reason
}
