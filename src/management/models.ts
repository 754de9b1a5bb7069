import { modelReads } from './models-info.ts'
import type { LiveModels } from './models-live.ts'
import { modelWrites } from './models-write.ts'
import type { Operation } from './operation.ts'

/** The operations about models, those of the configuration and those that are stored. */
export function modelOperations(models: LiveModels): readonly Operation[] {
  return [...modelWrites(models), ...modelReads(models)]
}
