import type { Deployment } from '../core/deployment.ts'

/** A concrete name is printable ASCII without spaces and not longer than this: it becomes part of URLs and records. */
const CONCRETE_NAME = /^[!-)+-~]{1,256}$/

/** A pool whose name holds `*`, which stands for anything. */
export class Wildcard {
  /** As configured: `openai/*`. */
  readonly pattern: string
  readonly deployments: readonly Deployment[]
  readonly #regex: RegExp

  constructor(pattern: string, deployments: readonly Deployment[]) {
    this.pattern = pattern
    this.deployments = deployments
    this.#regex = new RegExp(`^${pattern.split('*').map(escapeRegex).join('(.*)')}$`)
  }

  /** The deployments for a name that the pattern matches from end to end; undefined when it does not. */
  materialise(name: string): readonly Deployment[] | undefined {
    if (!CONCRETE_NAME.test(name)) return undefined
    const captures = this.#regex.exec(name)?.slice(1)
    return captures && this.deployments.map(deployment => concrete(deployment, name, captures))
  }
}

/** The wildcards among the pools' names, the longest first, of equally long ones the one with more stars. */
export function sortWildcards(wildcards: readonly Wildcard[]): readonly Wildcard[] {
  const stars = ({ pattern }: Wildcard) => pattern.split('*').length
  return [...wildcards].sort((a, b) => b.pattern.length - a.pattern.length || stars(b) - stars(a))
}

/** The deployment that a wildcard's becomes for one name: its own id, its own vitals, and the captures in its model. */
function concrete(deployment: Deployment, name: string, captures: readonly string[]): Deployment {
  const model = fill(deployment, name, captures)
  return { ...deployment, id: `${deployment.id}:${model}`, pool: name, model }
}

/** Each `*` of the model takes the next capture; when there are more captures than stars, the whole name is the model. */
function fill({ model, provider }: Deployment, name: string, captures: readonly string[]): string {
  const parts = model.split('*')
  if (parts.length === 1) return model
  const values = captures.length > parts.length - 1 ? [name] : captures
  const filled = parts.reduce((text, part, index) => text + (values[index - 1] ?? '') + part)
  const prefix = `${provider}/`
  return filled.startsWith(prefix) ? filled.slice(prefix.length) : filled
}

function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
