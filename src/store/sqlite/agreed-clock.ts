import { readFileSync } from 'node:fs'
import type { Kysely } from 'kysely'
import type { Ms } from '../../core/clock.ts'
import { isObject } from '../../core/json.ts'
import type { Database } from '../schema.ts'

/** The clock that all processes of a machine have in common, whenever each of them was started. */
export interface MachineClock {
  /** Which start of the machine it counts from. Undefined: the system does not say. */
  readonly boot: string | undefined
  /** Milliseconds that only go forward. */
  monotonic(): Ms
}

export const machineClock: MachineClock = {
  boot: bootOf('/proc/sys/kernel/random/boot_id'),
  monotonic: () => Number(process.hrtime.bigint() / 1_000n) / 1_000,
}

/** How the store keeps it: when the machine's clock was at 0, epoch ms. */
interface KeptClock {
  readonly boot: string
  readonly zeroAt: Ms
}

const NAME = 'clock'

/**
 * What time it is by the clock of those who use the file already, so that all see a window of a budget and the life of a replica end at
 * the same moment: each has a clock of its own that does not jump (`steadyNow`), and the host's may have been set, or the machine have
 * slept, since the first of them was started. Where nobody uses it, `now` is the time from now on. Gives back what must be added to `now`.
 */
export async function agreeOnClock(
  trx: Kysely<Database>,
  now: () => Ms,
  { boot, monotonic }: MachineClock,
): Promise<Ms> {
  if (boot === undefined) return 0
  const own = { boot, zeroAt: Math.floor(now() - monotonic()) }
  const kept = await readKept(trx)
  if (kept?.boot === boot && (await someoneLives(trx, kept.zeroAt + monotonic()))) return kept.zeroAt - own.zeroAt
  await trx
    .insertInto('meta')
    .values({ name: NAME, value: JSON.stringify(own) })
    .onConflict(conflict => conflict.column('name').doUpdateSet({ value: JSON.stringify(own) }))
    .execute()
  return 0
}

async function readKept(trx: Kysely<Database>): Promise<KeptClock | undefined> {
  const row = await trx.selectFrom('meta').select('value').where('name', '=', NAME).executeTakeFirst()
  const kept: unknown = row && JSON.parse(row.value)
  if (!isObject(kept) || typeof kept.boot !== 'string' || typeof kept.zeroAt !== 'number') return undefined
  return { boot: kept.boot, zeroAt: kept.zeroAt }
}

/** Whether any replica has leases that have not run out. */
async function someoneLives(trx: Kysely<Database>, now: Ms): Promise<boolean> {
  const row = await trx.selectFrom('replicas').select('id').where('expires_at', '>=', now).executeTakeFirst()
  return row !== undefined
}

function bootOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').trim()
  } catch {
    return undefined
  }
}
