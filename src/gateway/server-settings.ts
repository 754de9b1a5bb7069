import type { Callers } from '../access/callers.ts'
import type { GatewaySettings } from '../config/settings.ts'
import type { AccessSettings } from '../core/access-settings.ts'
import type { Operation, OperationContext } from '../management/operation.ts'

/** What the server takes of the configuration; every part has a default. */
export type ServerSettings = Partial<
  Pick<
    GatewaySettings,
    | 'masterKey'
    | 'keyHeader'
    | 'allowedHosts'
    | 'allowedAddresses'
    | 'corsOrigins'
    | 'bodyLimitBytes'
    | 'responseModel'
    | 'responseModels'
    | 'completionModel'
    | 'clientKeepalive'
    | 'streamUsage'
    | 'embeddingModel'
    | 'tagHeaders'
    | 'healthDetails'
    | 'drain'
  >
> & {
  /** Whether `mock_*` in request bodies is obeyed when there is no master key. Default false. */
  readonly testMode?: boolean
  /** Silence in a stream after which a comment is sent, in milliseconds. Undefined: never. */
  readonly keepaliveMs?: number | undefined
  /** Told that somebody has had this gateway drain: others that serve behind the same address may have to as well. */
  readonly onDrain?: () => void
  /** Keys, budgets and the management API. Undefined: there is only the master key. */
  readonly money?: MoneyParts
}

/** What the gateway needs of money: who keeps it. */
export interface MoneyParts {
  readonly store: OperationContext['store']
  /** Knows the keys of the store. Undefined: there is only the master key. */
  readonly callers?: Callers
  /** What the configuration says of keys, users and teams. */
  readonly access?: AccessSettings
  /** Whether the store answers. Default: nobody knows, and it is taken to. */
  readonly isConnected?: () => boolean
  /** The management API. Default: all of it. */
  readonly operations?: readonly Operation[]
}
