import type { Deployment } from '../core/deployment.ts'

/**
 * A concrete name is printable ASCII without spaces and not longer than this: it becomes part of URLs and records. A comma is for
 * lists of models, which no pattern takes.
 */
const CONCRETE_NAME = /^[!-)+\--~]{1,256}$/

/** Whose model a name tells, and what it is called there; undefined when it tells nobody. */
export type SplitName = (name: string) => { readonly provider: string; readonly model: string } | undefined

/** A pool whose name holds `*`, which stands for anything. */
export class Wildcard {
  /** As configured: `openai/*`. */
  readonly pattern: string
  readonly deployments: readonly Deployment[]
  readonly #regex: RegExp
  readonly #split: SplitName

  /** `split` is asked for deployments that take any provider's names. Default: no name tells a provider. */
  constructor(pattern: string, deployments: readonly Deployment[], split: SplitName = () => undefined) {
    this.pattern = pattern
    this.deployments = deployments
    this.#split = split
    this.#regex = new RegExp(`^${pattern.split('*').map(escapeRegex).join('(.*)')}$`)
  }

  /** The deployments for a name that the pattern matches from end to end; undefined when it does not. */
  materialise(name: string): readonly Deployment[] | undefined {
    const captures = this.#capturesOf(name)
    if (!captures) return undefined
    const found = this.deployments.flatMap(deployment => this.#concrete(deployment, name, captures) ?? [])
    return found.length > 0 ? found : undefined
  }

  /** Why a name that fits is taken by none of those that take any provider's; undefined when it is none of their business. */
  whyNot(name: string): string | undefined {
    const one = this.deployments.find(({ anyProvider }) => anyProvider)
    const captures = one && this.#capturesOf(name)
    if (!captures) return undefined
    const asked = fill(one, name, captures)
    const provider = this.#split(asked)?.provider
    if (provider === undefined) return 'it tells no provider that is known: write provider/model'
    if (this.deployments.some(deployment => deployment.provider === provider)) return undefined
    return `nothing here reaches ${provider}: its key is not set, or it cannot be dialled`
  }

  #capturesOf(name: string): readonly string[] | undefined {
    return CONCRETE_NAME.test(name) ? this.#regex.exec(name)?.slice(1) : undefined
  }

  /** Undefined for a name that tells another provider. */
  #concrete(deployment: Deployment, name: string, captures: readonly string[]): Deployment | undefined {
    const asked = fill(deployment, name, captures)
    if (!deployment.anyProvider)
      return concrete(deployment, name, deployment.model.includes('*') ? withoutPrefix(asked, deployment) : asked)
    const split = this.#split(asked)
    return split?.provider === deployment.provider && split.model !== ''
      ? concrete(deployment, name, split.model)
      : undefined
  }
}

/** The wildcards among the pools' names, the longest first, of equally long ones the one with more stars. */
export function sortWildcards(wildcards: readonly Wildcard[]): readonly Wildcard[] {
  const stars = ({ pattern }: Wildcard) => pattern.split('*').length
  return [...wildcards].sort((a, b) => b.pattern.length - a.pattern.length || stars(b) - stars(a))
}

/** The deployment that a wildcard's becomes for one name: its own id, its own vitals, and the captures in its model. */
function concrete(deployment: Deployment, name: string, model: string): Deployment {
  const { id, entryId = id } = deployment
  return { ...deployment, id: `${id}:${model}`, entryId, pool: name, model }
}

/** Each `*` of the model takes the next capture; when there are more captures than stars, the whole name is the model. */
function fill({ model }: Deployment, name: string, captures: readonly string[]): string {
  const parts = model.split('*')
  if (parts.length === 1) return model
  const values = captures.length > parts.length - 1 ? [name] : captures
  return parts.reduce((text, part, index) => text + (values[index - 1] ?? '') + part)
}

function withoutPrefix(model: string, { provider }: Deployment): string {
  const prefix = `${provider}/`
  return model.startsWith(prefix) ? model.slice(prefix.length) : model
}

function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
