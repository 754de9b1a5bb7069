import type { KeyHash } from '../access/key-hash.ts'
import type { AccessGroups } from '../core/access-groups.ts'
import type { AccessSettings } from '../core/access-settings.ts'
import type { Caller, Role } from '../core/caller.ts'
import type { Clock } from '../core/clock.ts'
import type { Change } from '../ledger/authority.ts'
import type { Store } from '../store/store.ts'

/** Reads what was sent. The schemas of the library that is bundled are such; its own types stay out of the package's. */
export interface Schema<Output> {
  safeParse(
    sent: unknown,
  ):
    | { readonly success: true; readonly data: Output }
    | { readonly success: false; readonly error: { readonly issues: readonly Issue[] } }
}

/** What is wrong, and where. */
export interface Issue {
  readonly code?: string | undefined
  /** Unknown fields. */
  readonly keys?: readonly string[]
  readonly path: readonly PropertyKey[]
  readonly message: string
}

/** One route of the management API. The gateway makes a route of it; the command line runs it without one. */
export interface Operation<Input = unknown, Output = unknown> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** LiteLLM's paths; a path may hold parameters (`/key/:key/regenerate`), which stand in the input under their names. */
  readonly paths: readonly string[]
  /** As the audit names it: `key/generate`. */
  readonly name: string
  /** It changes nothing, for keys that may only look things up. Default: whether it is a GET. */
  readonly reads?: boolean
  /** Who may call it at all. What of it each may do is judged by `run`. */
  readonly roles: readonly Role[]
  /** Of a GET or DELETE without a body the query (texts), else the body. Unknown fields are refused. */
  readonly input: Schema<Input>
  run(context: OperationContext, input: Input): Promise<Output>
}

export interface OperationContext {
  readonly store: Store
  readonly caller: Caller
  /** `litellm-changed-by`: on whose behalf. At most 256 characters. */
  readonly changedBy?: string
  readonly clock: Clock
  /** Hashes the keys of the store. Absent: there are none yet. */
  readonly keyHash?: KeyHash
  /** Names that stand for several pools in lists of models. Absent: there are none. */
  readonly accessGroups?: AccessGroups | undefined
  /** What the configuration says of keys, users and teams. Default: nothing. */
  readonly access?: AccessSettings
  /** Told of each change once it is written, so that this replica need not wait for its next pulse. */
  readonly changed?: (change: Change) => void
}

export type { Change }
