import { keyDelete } from './keys-delete.ts'
import { keyGenerate, keyServiceAccountGenerate } from './keys-generate.ts'
import { keyHealth, keyInfo, keyInfoV2 } from './keys-info.ts'
import { keyAliases, keyList } from './keys-list.ts'
import { keyRegenerate } from './keys-regenerate.ts'
import { keyBlock, keyBulkUpdate, keyResetSpend, keyUnblock, keyUpdate } from './keys-update.ts'
import type { Operation } from './operation.ts'

/** All that is done with keys. */
export const keyOperations: readonly Operation[] = [
  keyGenerate,
  keyServiceAccountGenerate,
  keyUpdate,
  keyBulkUpdate,
  keyDelete,
  keyInfo,
  keyInfoV2,
  keyRegenerate,
  keyResetSpend,
  keyList,
  keyAliases,
  keyBlock,
  keyUnblock,
  keyHealth,
]
