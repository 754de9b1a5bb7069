import { Changes } from './changes.ts'
import type { DeploymentVitals } from './deployment-vitals.ts'

/** The deployments that answer under one alias. The number changes whenever one of them starts or stops being available. */
export class Siblings {
  readonly members = new Set<DeploymentVitals>()
  version = 0
  /** Whose figures have changed: those by which strategies judge. */
  readonly changes = new Changes()
  readonly #listeners = new Set<() => void>()

  /** How many lines of calls wait for a place among them. */
  get waiting(): number {
    return this.#listeners.size
  }

  /** One of them has a place again: whoever waits for it is told. */
  freed(): void {
    for (const listener of this.#listeners) listener()
  }

  /** Has `listener` told of it until the function given back is called: pools come and go with the configuration. */
  onFreed(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
