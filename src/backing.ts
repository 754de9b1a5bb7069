import type { Callers } from './access/callers.ts'
import { openCallers } from './access/open-callers.ts'
import type { LoadedConfig } from './config/load-config.ts'
import { accessGroupsOf } from './core/access-groups.ts'
import type { Clock } from './core/clock.ts'
import { Secret } from './core/secret.ts'
import { MemoryAuthority } from './ledger/memory-authority.ts'
import { FileJournals } from './ledger/replica/file-journals.ts'
import { Ledger, type LedgerParts } from './ledger/replica/ledger.ts'
import type { Exchange } from './state/exchange.ts'
import type { Limiter } from './state/limiter.ts'
import { MemoryLimiter } from './state/memory-limiter.ts'
import type { Store } from './store/store.ts'
import { type BudgetAlert, budgetAlert, budgetWebhook } from './telemetry/index.ts'

/** What stands behind a router and outlasts its calls: who keeps the money, who counts, who knows the keys. */
export interface Backing {
  /** Undefined: nothing is kept beyond this process. */
  readonly store?: Store
  readonly ledger?: Ledger
  readonly limiter?: Limiter
  /** Undefined: this process is alone. */
  readonly exchange?: Exchange | undefined
  readonly callers?: Callers
  /** Hands everything in and lets go of it; after the last call. */
  close(): Promise<void>
}

export interface BackingOptions {
  readonly clock: Clock
  readonly warn: (message: string) => void
  readonly onBudget?: ((alert: BudgetAlert) => void) | undefined
  readonly env?: Readonly<Record<string, string | undefined>>
  /** What this process has in common with others of its machine, where it is a worker. */
  readonly shared?: SharedParts | undefined
}

/** What the workers of one machine share without Redis. */
export interface SharedParts {
  readonly exchange: Exchange
  readonly limiter: Limiter
}

/**
 * Opens what the configuration asks for: store, Redis, journals. Drivers are loaded only when they are asked for.
 * @throws Failure when something cannot be reached or written.
 */
export async function openBacking(config: LoadedConfig, options: BackingOptions): Promise<Backing> {
  const { store: kept, redis } = config.settings
  const opened: (() => Promise<void>)[] = []
  try {
    const counting = redis ? await countInRedis(config, options) : countHere(options)
    opened.push(counting.close)
    if (kept.kind === 'none') {
      const own = await withoutStore(config, options)
      return { ...counting, ...own, close: inTurn([...(own ? [() => own.ledger.close()] : []), ...opened]) }
    }
    const { openStore } = await import('./store/open-store.ts')
    const store = await openStore(kept, options)
    opened.unshift(() => store.close())
    const journals = kept.kind === 'memory' ? undefined : new FileJournals(config.settings.money.journal)
    const ledger = new Ledger(ledgerParts(config, options, { authority: store.authority, journals }))
    await ledger.start()
    opened.unshift(() => ledger.close())
    const callers = await openCallers({
      ...config.settings,
      ...pepperOf(options),
      store,
      budgets: config.settings.money.budgets,
      accessGroups: accessGroupsOf(config.settings.routing.deployments),
      clock: options.clock,
    })
    ledger.onChange(change => callers.invalidate(change))
    return { ...counting, store, ledger, callers, close: inTurn(opened) }
  } catch (error) {
    await inTurn(opened)()
    throw error
  }
}

/** What a router has that was made at once: budgets and limits of the configuration, kept in this process. */
export function backingHere(config: LoadedConfig, options: BackingOptions): Backing | undefined {
  const { store, money, limits, redis } = config.settings
  if (store.kind !== 'none' || redis)
    options.warn('a store and Redis need Router.fromConfig, which waits for them: this router counts for itself')
  const counting = limits.gateway.length > 0 ? countHere(options) : undefined
  const ledger = money.budgets.length > 0 ? ledgerHere(config, options) : undefined
  if (!counting && !ledger) return undefined
  ledger?.start().catch(error => options.warn(`budgets cannot be kept: ${String(error)}`))
  return {
    ...counting,
    ...(ledger && { ledger }),
    close: inTurn([...(ledger ? [() => ledger.close()] : []), ...(counting ? [counting.close] : [])]),
  }
}

async function withoutStore(config: LoadedConfig, options: BackingOptions) {
  if (config.settings.money.budgets.length === 0) return undefined
  const ledger = ledgerHere(config, options)
  await ledger.start()
  return { ledger }
}

function ledgerHere(config: LoadedConfig, options: BackingOptions): Ledger {
  return new Ledger(ledgerParts(config, options, { authority: new MemoryAuthority({ clock: options.clock }) }))
}

function ledgerParts(
  { settings: { money } }: LoadedConfig,
  { clock, warn, onBudget }: BackingOptions,
  kept: Pick<LedgerParts, 'authority' | 'journals'>,
): LedgerParts {
  const webhook = money.webhook && budgetWebhook(money.webhook, { warn, clock })
  return {
    ...kept,
    settings: money,
    clock,
    warn,
    onCrossing(crossing) {
      webhook?.tell(crossing)
      try {
        onBudget?.(budgetAlert(crossing))
      } catch (error) {
        warn(`onBudget failed: ${error instanceof Error ? error.message : String(error)}`)
      }
    },
  }
}

function countHere({ clock, shared }: BackingOptions) {
  const limiter = shared?.limiter ?? new MemoryLimiter({ clock })
  return { limiter, exchange: shared?.exchange, close: () => limiter.close() }
}

async function countInRedis({ settings: { redis } }: LoadedConfig, options: BackingOptions) {
  const { openShared } = await import('./state/open-shared.ts')
  if (!redis) return countHere(options)
  return openShared(redis, options)
}

function pepperOf({ env = process.env }: BackingOptions) {
  const pepper = env.TOLLGATE_KEY_PEPPER
  return pepper ? { pepper: new Secret(pepper) } : {}
}

/** Closes one after the other, the last opened first; one that fails keeps nobody else open. */
function inTurn(closings: readonly (() => Promise<void>)[]): () => Promise<void> {
  return async () => {
    let failure: unknown
    for (const close of closings) {
      try {
        await close()
      } catch (error) {
        failure ??= error
      }
    }
    if (failure !== undefined) throw failure
  }
}
