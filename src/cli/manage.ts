import { openKeyHash } from '../access/key-hash.ts'
import { systemClock } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'
import { Secret } from '../core/secret.ts'
import type { Operation } from '../management/operation.ts'
import { openStore } from '../store/open-store.ts'
import { loadForStore } from './load-for-store.ts'

/** The management API without HTTP: what is done is done as `cli`, with an administrator's rights. */
export interface Management {
  /** Nobody needs a key while there is no master key. */
  readonly isOpen: boolean
  do<Input, Output>(operation: Operation<Input, Output>, sent: object): Promise<Output>
}

/** Opens the store of a configuration for some operations, and closes it again. */
export async function manage<Result>(path: string, work: (management: Management) => Promise<Result>): Promise<Result> {
  const config = loadForStore({ path })
  const { store: settings, access, gateway } = config.settings
  // Its variable is set where the gateway runs, which does not start without it.
  const isElsewhere = config.findings.some(({ path }) => path === 'general_settings.master_key')
  if (settings.kind === 'memory')
    throw new Failure('invalid_request', `the store of ${path} is this process's memory: name a file or a database`)
  const { perform } = await import('../management/perform.ts')
  const { withConfigured } = await import('../management/configured-fields.ts')
  const store = await openStore(settings)
  try {
    const pepper = { ...process.env, ...config.environment() }.TOLLGATE_KEY_PEPPER
    const keyHash = await openKeyHash(store, pepper ? new Secret(pepper) : undefined)
    const caller = { keyId: 'cli', role: 'proxy_admin', budgets: [], limits: [] } as const
    const context = { store, caller, clock: systemClock, keyHash, access }
    return await work({
      isOpen: gateway.masterKey === undefined && !isElsewhere,
      do: (operation, sent) => {
        const { input } = withConfigured([operation], access)[0] ?? operation
        return perform({ ...operation, input, run: operation.run }, context, sent)
      },
    })
  } finally {
    await store.close()
  }
}
