import type { LoadedConfig, WithModels } from '../config/load-config.ts'
import { Failure } from '../core/failure.ts'
import type { RoutingSettings } from '../core/settings.ts'
import type { Store } from '../store/store.ts'
import type { Sealer } from './models-seal.ts'
import { entryOf, openModel, readModelRows, type StoredModel } from './models-stored.ts'

export interface LiveModelsParts {
  readonly config: LoadedConfig
  /** Absent: there are no models but those of the configuration. */
  readonly store?: Store
  /** Absent: no secret is set that it could be made of, so no models can be stored. */
  readonly sealer?: Sealer
  /** Lets calls go by these settings from now on. */
  readonly replace: (routing: RoutingSettings) => void
  /** Told of stored models that cannot be used. */
  readonly warn: (message: string) => void
}

/** The models of the configuration and of the store, as this replica has them. */
export class LiveModels {
  readonly #parts: LiveModelsParts
  #current: WithModels
  #seen = '[]'
  #running: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined

  constructor(parts: LiveModelsParts) {
    this.#parts = parts
    this.#current = parts.config.withModels([])
  }

  get config(): LoadedConfig {
    return this.#parts.config
  }

  /** All models, compiled. */
  get current(): WithModels {
    return this.#current
  }

  /** @throws Failure `unavailable` when there is no secret to seal credentials with. */
  get sealer(): Sealer {
    const { sealer } = this.#parts
    if (sealer) return sealer
    throw new Failure('unavailable', 'models cannot be stored: set TOLLGATE_SALT_KEY, or a master key')
  }

  /** Whether an id is of the configuration's own models. */
  isConfigured(id: string): boolean {
    return this.config.settings.routing.deployments.some(one => one.id === id)
  }

  /** What the configuration would be with these instead of the stored ones. */
  compile(stored: readonly StoredModel[]): WithModels {
    return this.config.withModels(stored.map(entryOf))
  }

  /** The stored models. Those that cannot be opened are left out, and told. */
  openAll(rows: Parameters<typeof openModel>[0][]): readonly StoredModel[] {
    return rows.flatMap(row => {
      try {
        return [openModel(row, this.sealer)]
      } catch (error) {
        this.#parts.warn(`the model ${row.name} is left out: ${Failure.from(error).message}`)
        return []
      }
    })
  }

  /**
   * Reads the stored models and lets calls go by them: at the start, and whenever somebody has changed one. One reading
   * at a time; whoever asks during one is given the next, which began after the change.
   */
  refresh(): Promise<void> {
    this.#next ??= this.#running.then(() => {
      this.#next = undefined
      const reading = this.#read()
      this.#running = reading.catch(() => {})
      return reading
    })
    return this.#next
  }

  async #read(): Promise<void> {
    const { store, replace, warn } = this.#parts
    if (!store) return
    const rows = await store.transaction(readModelRows)
    const seen = JSON.stringify(rows.map(({ id, name, data }) => [id, name, data]))
    if (seen === this.#seen) return
    const models = this.openAll([...rows])
    const compiled = this.compile(models)
    for (const [index, { name, id }] of models.entries()) {
      const [error] = compiled.findings[index]?.filter(one => one.severity === 'error') ?? []
      if (error) warn(`the model ${name} (${id}) is left out: ${error.path}: ${error.message}`)
    }
    replace(compiled.settings.routing)
    this.#current = compiled
    this.#seen = seen
  }
}
