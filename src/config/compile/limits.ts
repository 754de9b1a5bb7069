import type { PriorityShares, RateLimit } from '../../core/caller.ts'
import type { Deployment } from '../../core/deployment.ts'
import type { LimitSettings } from '../../core/limit-settings.ts'
import type { Honoured } from '../keys/entry.ts'
import type { LitellmValues } from '../keys/litellm.ts'
import { type TollgateValues, tollgateHonoured } from '../keys/tollgate.ts'
import * as value from '../keys/values.ts'
import { readValues } from '../read-values.ts'
import { type CompileContext, defined } from './context.ts'
import type { Pools } from './pools.ts'

/** What all callers together may ask, and how the capacity of pools is shared. */
export function compileLimits(context: CompileContext, tollgate: TollgateValues, pools: Pools): LimitSettings {
  const { document, general, findings } = context
  const section = tollgate.limits && document.section('tollgate_settings')?.section('limits')
  const { rpm, tpm, max_parallel_requests } = readValues(section, tollgateHonoured.limits, findings)
  const numbers = defined({ rpm, tpm, parallel: max_parallel_requests ?? general.global_max_parallel_requests })
  const whole: readonly RateLimit[] =
    Object.keys(numbers).length === 0 ? [] : [{ level: 'gateway', subject: '', ...numbers }]
  return {
    gateway: [...whole, ...sharedPools(context, pools.deployments)],
    ...defined({ keyParallel: general.max_parallel_requests }),
  }
}

const SETTINGS = {
  default_priority: [value.share, 'What callers without a share have together.'],
  saturation_threshold: [value.share, 'The use from which shares hold.'],
  saturation_check_cache_ttl: [value.seconds, 'An upper bound that is always kept: use is counted at every call.'],
} as const satisfies Record<string, Honoured>

/** `priority_reservation`: each pool whose deployments all say what they grant gets a limit that priorities share. */
function sharedPools(context: CompileContext, deployments: readonly Deployment[]): readonly RateLimit[] {
  const { litellm, document, findings } = context
  const section = document.section('litellm_settings')
  const settings = readValues(section?.section('priority_reservation_settings'), SETTINGS, findings)
  const said = litellm.priority_reservation
  const subject = section?.subject('priority_reservation')
  if (!said || !subject) return []
  saySums(said, context)
  const pools = [...new Set(deployments.map(one => one.pool))].filter(pool => !pool.includes('*'))
  const limits = pools.flatMap((pool): readonly RateLimit[] => {
    const capacity = capacityOf(deployments.filter(one => one.pool === pool))
    if (Object.keys(capacity).length === 0) return []
    const shares: PriorityShares = {
      reserved: Object.fromEntries(Object.entries(said).map(([name, one]) => [name, partOf(one, capacity)])),
      otherwise: settings.default_priority ?? 0.25,
      saturation: settings.saturation_threshold ?? 0.5,
    }
    return [{ level: 'gateway', subject: '', pool, ...capacity, shares }]
  })
  if (limits.length === 0)
    findings.report(subject, 'has nothing to share: in no pool do all deployments have rpm, or all have tpm')
  return limits
}

interface Capacity {
  readonly rpm?: number
  readonly tpm?: number
}

/** What a pool's deployments grant together, where each of them says so. */
function capacityOf(deployments: readonly Deployment[]): Capacity {
  const sum = (key: 'rpm' | 'tpm') => {
    const numbers = deployments.map(one => one.selection[key])
    return numbers.every(number => number !== undefined) ? numbers.reduce((a, b) => a + b, 0) : undefined
  }
  return defined({ rpm: sum('rpm'), tpm: sum('tpm') })
}

type Share = NonNullable<LitellmValues['priority_reservation']>[string]

/** A share in requests or tokens is the part that it is of what the pool grants of them; of what it does not count, none. */
function partOf(share: Share, capacity: Capacity): number {
  if (typeof share === 'number') return share
  if (share.type === 'percent') return Math.min(1, share.value)
  const whole = capacity[share.type]
  return whole ? Math.min(1, share.value / whole) : 0
}

function saySums(said: Readonly<Record<string, Share>>, { document, findings }: CompileContext): void {
  const section = document.section('litellm_settings')
  let sum = 0
  for (const [name, one] of Object.entries(said)) {
    const part = typeof one === 'number' ? one : one.type === 'percent' ? one.value : 0
    sum += part
    const subject = section?.deepSubject(['priority_reservation', name])
    if (part > 1 && subject) findings.error(subject, 'expected a percent value from 0 to 1')
  }
  const subject = section?.subject('priority_reservation')
  if (subject && sum > 1 + 1e-9)
    findings.report(subject, `promises ${Math.round(sum * 100)} % of the capacity: shares of 1 together can be kept`)
}
