import type { Operation } from './operation.ts'

export { allowRole, perform } from './perform.ts'

/** All of the management API. The gateway makes a route of each, and the tests ask each as every role. */
export const operations: readonly Operation[] = []
