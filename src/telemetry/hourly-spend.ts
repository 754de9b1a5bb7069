import type { Attributes } from '@opentelemetry/api'
import type { Attempt } from '../core/call.ts'
import { type Clock, type Ms, systemClock } from '../core/clock.ts'
import type { NanoUsd } from '../core/money.ts'
import { LLM } from './names.ts'

const MINUTE: Ms = 60_000
const MINUTES = 60

/**
 * Marks the spans of attempts (`llm.budget.exceeded`) by whether the last hour, this attempt included, has cost more than
 * `budget`. An alert and no brake: nothing is refused. The hour moves in steps of a minute and belongs to this process.
 */
export function hourlySpend(budget: NanoUsd, clock: Clock = systemClock): (attempt: Attempt) => Attributes {
  const spent = new Map<number, NanoUsd>()
  return ({ attempt }) => {
    const minute = Math.floor(clock.monotonic() / MINUTE)
    for (const past of spent.keys()) if (past <= minute - MINUTES) spent.delete(past)
    spent.set(minute, (spent.get(minute) ?? 0n) + (attempt.cost ?? 0n))
    const hour = [...spent.values()].reduce((sum, cost) => sum + cost, 0n)
    return { [LLM.budgetExceeded]: hour > budget }
  }
}
