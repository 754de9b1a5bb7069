import { groupOperations } from './groups.ts'
import { keyOperations } from './keys.ts'
import type { Operation } from './operation.ts'
import { spendOperations } from './spend.ts'

export { allowRole, perform } from './perform.ts'

/** All of the management API. The gateway makes a route of each, and the tests ask each as every role. */
export const operations: readonly Operation[] = [...keyOperations, ...groupOperations, ...spendOperations]
