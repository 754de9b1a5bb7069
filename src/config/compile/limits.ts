import type { RateLimit } from '../../core/caller.ts'
import type { CapacityShare, LimitSettings, PriorityReservation } from '../../core/limit-settings.ts'
import type { Honoured } from '../keys/entry.ts'
import { type TollgateValues, tollgateHonoured } from '../keys/tollgate.ts'
import * as value from '../keys/values.ts'
import { readValues } from '../read-values.ts'
import { type CompileContext, defined } from './context.ts'

/** What all callers together may ask, and how capacity is shared. */
export function compileLimits(context: CompileContext, tollgate: TollgateValues): LimitSettings {
  const { document, general, findings } = context
  const section = tollgate.limits && document.section('tollgate_settings')?.section('limits')
  const { rpm, tpm, max_parallel_requests } = readValues(section, tollgateHonoured.limits, findings)
  const numbers = defined({ rpm, tpm, parallel: max_parallel_requests ?? general.global_max_parallel_requests })
  const gateway: readonly RateLimit[] =
    Object.keys(numbers).length === 0 ? [] : [{ level: 'gateway', subject: '', ...numbers }]
  return {
    gateway,
    ...defined({ keyParallel: general.max_parallel_requests, reservation: compileReservation(context) }),
  }
}

const RESERVATION = {
  default_priority: [value.share, 'What callers without a share have together.'],
  saturation_threshold: [value.share, 'The use from which shares hold.'],
  saturation_check_cache_ttl: [value.seconds, 'An upper bound that is always kept: use is counted at every call.'],
} as const satisfies Record<string, Honoured>

function compileReservation({ litellm, document, findings }: CompileContext): PriorityReservation | undefined {
  const section = document.section('litellm_settings')
  const values = readValues(section?.section('priority_reservation_settings'), RESERVATION, findings)
  const said = litellm.priority_reservation
  if (!said) return undefined
  const shares = Object.entries(said).map(([priority, one]): readonly [string, CapacityShare] => {
    return [priority, typeof one === 'number' ? { kind: 'percent', value: one } : { kind: one.type, value: one.value }]
  })
  for (const [priority, { kind, value: part }] of shares) {
    if (kind === 'percent' && part > 1)
      findings.error(
        section?.deepSubject(['priority_reservation', priority]) ?? { path: 'litellm_settings.priority_reservation' },
        'expected a percent value from 0 to 1',
      )
  }
  const sum = shares.reduce((total, [, share]) => total + (share.kind === 'percent' ? share.value : 0), 0)
  const subject = section?.subject('priority_reservation')
  if (subject && sum > 1 + 1e-9)
    findings.report(
      subject,
      `promises ${Math.round(sum * 100)} % of the capacity: shares of at most 1 together can be kept`,
    )
  return {
    shares: Object.fromEntries(shares),
    defaultShare: values.default_priority ?? 0.25,
    saturation: values.saturation_threshold ?? 0.5,
  }
}
