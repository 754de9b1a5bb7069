import type { Transaction } from 'kysely'
import type { Ms } from '../core/clock.ts'
import { ulids } from '../core/id.ts'
import type { Change } from '../ledger/authority.ts'
import { noteAudits } from '../store/audit.ts'
import { noteChanges } from '../store/changes.ts'
import type { Database } from '../store/schema.ts'
import type { OperationContext } from './operation.ts'

/** What a write has done: the answer to whoever asked, and each thing that is different now. */
export interface Written<Result> {
  readonly result: Result
  readonly changed: readonly Changed[]
}

/** One thing before and after: rows or parts of them, without secrets. Absent before: created; absent after: deleted. */
export interface Changed extends Change {
  readonly before?: unknown
  readonly after?: unknown
}

/**
 * The way of every write of the management API: the work, its rows in `audit` and its rows in `changes`, which make all
 * replicas forget what they knew, in one transaction. `action` names the operation: `key/generate`.
 */
export async function writeChange<Result>(
  context: OperationContext,
  action: string,
  work: (trx: Transaction<Database>, now: Ms) => Promise<Written<Result>>,
): Promise<Result> {
  const now = await context.store.now()
  const { result, changed } = await context.store.transaction(async trx => {
    const written = await work(trx, now)
    await record(trx, written.changed, { context, action, now })
    return written
  })
  for (const { kind, id } of changed) context.changed?.({ kind, id })
  return result
}

interface Occasion {
  readonly context: OperationContext
  readonly action: string
  readonly now: Ms
}

/** Rows per statement: SQLite binds at most 32,766 values. */
const BATCH = 500

async function record(trx: Transaction<Database>, changed: readonly Changed[], occasion: Occasion): Promise<void> {
  const { context, action, now } = occasion
  const nextId = ulids(() => now)
  for (let at = 0; at < changed.length; at += BATCH) {
    const batch = changed.slice(at, at + BATCH)
    await noteChanges(trx, now, batch)
    const audit = batch.map(({ kind, id, before, after }) => ({
      id: nextId(),
      at: now,
      actor: context.caller.keyId,
      on_behalf_of: context.changedBy ?? null,
      action,
      kind,
      subject: id,
      before: audited(before),
      after: audited(after),
    }))
    await noteAudits(trx, audit)
  }
}

const SECRET_NAME = /(^|_)(api_key|secret|secrets|password|credentials|access_key|private_key|token|litellm_params)$/i

/** JSON of a thing, with what looks like a secret blotted out: the operations leave them out, and this is the net below. */
function audited(thing: unknown): string | null {
  if (thing === undefined || thing === null) return null
  return JSON.stringify(thing, (name, value: unknown) => {
    if (typeof value === 'bigint') return value.toString()
    return value !== null && SECRET_NAME.test(name) ? '***' : value
  })
}
