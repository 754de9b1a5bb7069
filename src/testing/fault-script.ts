import type { Random } from '../core/clock.ts'
import type { Fault } from './fault.ts'
import { seededRandom } from './seeded-random.ts'
import type { UpstreamRequest } from './upstream-request.ts'

interface Rule {
  applies(request: UpstreamRequest): boolean
  readonly fault: Fault | undefined
}

/** Which request meets which fault: first the queue, then the rules, the latest first. */
export class FaultScript {
  #queue: (Fault | undefined)[] = []
  #rules: Rule[] = []

  next(faults: readonly (Fault | undefined)[]): void {
    this.#queue.push(...faults)
  }

  when(applies: (request: UpstreamRequest) => boolean, fault: Fault | undefined): void {
    this.#rules.unshift({ applies, fault })
  }

  /** The fault of this request. Lists and health checks neither use up the queue nor meet general rules. */
  pick(request: UpstreamRequest): Fault | undefined {
    if (this.#queue.length > 0 && asksModel(request)) return this.#queue.shift()
    return this.#rules.find(rule => rule.applies(request))?.fault
  }

  clear(): void {
    this.#queue = []
    this.#rules = []
  }
}

/** Whether the request asks a model, rather than about models or health. */
export function asksModel(request: UpstreamRequest): boolean {
  const { operation } = request
  return operation !== 'models' && operation !== 'health' && operation !== 'other'
}

/** True for a share of the requests that ask a model. */
export function share(rate: number, random: Random = seededRandom(1)): (request: UpstreamRequest) => boolean {
  return request => asksModel(request) && random() < rate
}
