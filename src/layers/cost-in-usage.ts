import type { Answer } from '../core/answer.ts'
import type { Attempt } from '../core/call.ts'
import { callCharge } from '../core/charge.ts'
import { DONE, type Frame } from '../core/frame.ts'
import type { Layer } from '../core/handler.ts'
import { isObject, type JsonObject } from '../core/json.ts'
import { type NanoUsd, nanoToUsd } from '../core/money.ts'
import type { MeterOptions } from './meter.ts'
import { withUnsaid } from './unsaid-usage.ts'

type CostOptions = Pick<MeterOptions, 'costOf' | 'isPriced' | 'chargeOf'>

/**
 * Writes the call's cost into the usage of a stream whose client asked for usage (`include_cost_in_streaming_usage`):
 * `usage.cost`, in US dollars, all attempts together, as charged. Where an attempt has no price it says nothing.
 */
export const costInUsage =
  (options: CostOptions): Layer<Attempt> =>
  next =>
    async function costInUsage(attempt) {
      const answer = await next(attempt)
      if (attempt.purpose === 'answer' && asksForUsage(attempt.request.body)) {
        answer.rewrite = frame => withCost(frame, answer.streamed, () => costSoFar(attempt, answer, options))
      }
      return answer
    }

function asksForUsage({ stream_options: options }: JsonObject): boolean {
  return isObject(options) && options.include_usage === true
}

/** What is in the record, and this attempt's own unless it has ended and is in there. */
function costSoFar(call: Attempt, answer: Answer, { costOf, isPriced, chargeOf }: CostOptions): NanoUsd | undefined {
  const { attempt, deployment, record } = call
  if (record.unpriced || !deployment.price || !answer.usage) return undefined
  const known = callCharge(record.attempts)?.total ?? record.cost
  if (attempt.cost !== undefined) return known
  const usage = withUnsaid(answer.usage, call, answer)
  if (!isPriced(deployment.price, usage)) return undefined
  const cost = costOf(deployment.price, usage)
  return known + (chargeOf ? chargeOf(call, cost, true).total : cost)
}

const MARK = Buffer.from('"usage"')
const END = Buffer.from(DONE)

function withCost(frame: Frame, streamed: boolean, costNow: () => NanoUsd | undefined): Frame {
  const bytes = Buffer.from(frame.bytes.buffer, frame.bytes.byteOffset, frame.bytes.byteLength)
  if (!bytes.includes(MARK)) return frame
  const nano = costNow()
  if (nano === undefined) return frame
  const cost = nanoToUsd(nano)
  const objects = frame.objects.map(object =>
    isObject(object.usage) ? { ...object, usage: { ...object.usage, cost } } : object,
  )
  const text = streamed
    ? objects.map(object => `data: ${JSON.stringify(object)}\n\n`).join('')
    : JSON.stringify(objects[0])
  const done = streamed && bytes.includes(END)
  return { objects, bytes: done ? Buffer.concat([Buffer.from(text), END]) : Buffer.from(text) }
}
