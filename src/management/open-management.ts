import type { LoadedConfig } from '../config/load-config.ts'
import type { Secret } from '../core/secret.ts'
import type { RoutingSettings } from '../core/settings.ts'
import type { Store } from '../store/store.ts'
import { withConfigured } from './configured-fields.ts'
import { operations } from './index.ts'
import { modelOperations } from './models.ts'
import { modelReads } from './models-info.ts'
import { LiveModels } from './models-live.ts'
import { openSealer, saltKeyOf } from './models-seal.ts'
import type { Operation } from './operation.ts'
import { costOperations } from './spend-cost.ts'

export interface ManagementParts {
  readonly config: LoadedConfig
  readonly store: Store
  readonly masterKey: Secret | undefined
  /** Lets calls go by these settings from now on. */
  readonly replace: (routing: RoutingSettings) => void
  readonly warn: (message: string) => void
}

/** The management API of a running gateway, and its models. */
export interface OpenManagement {
  readonly operations: readonly Operation[]
  readonly models: LiveModels
}

/** Loads the models of the store, and lists the operations as the configuration has them. */
export async function openManagement({ config, masterKey, ...parts }: ManagementParts): Promise<OpenManagement> {
  const salt = saltKeyOf(config.environment(), masterKey)
  const models = new LiveModels({ ...parts, config, ...(salt && { sealer: openSealer(salt) }) })
  await models.refresh()
  const ofModels = config.settings.modelsInStore ? modelOperations(models) : modelReads(models)
  const all = [...operations, ...ofModels, ...costOperations(models)]
  return { operations: withConfigured(all, config.settings.access), models }
}
