import { expect, it } from 'vitest'
import { chat } from '../../test/support/calls.ts'
import { FakeClock } from '../testing/index.ts'
import { beginCalls } from './begin.ts'
import { Cancellation } from './cancellation.ts'

it('makes a call of what is asked: with an id, a deadline and an empty record of its own', () => {
  const clock = new FakeClock(1_700_000_000_000)
  clock.advance(50)
  const begin = beginCalls({ callMs: 1000, clock, emit: () => {} })
  const asked = { pool: 'fast', request: chat({}), options: { retries: 1 } }
  const cancellation = new Cancellation()
  const [first, second] = [begin(asked, cancellation), begin(asked)]
  expect(first).toMatchObject({
    ...asked,
    deadline: 1050,
    purpose: 'answer',
    record: { startedAt: 1_700_000_000_050, start: 50, requestedPool: 'fast', attempts: [], cost: 0n },
  })
  expect(first.cancellation).toBe(cancellation)
  expect(first.id).not.toBe(second.id)
  expect(first.record.attempts).not.toBe(second.record.attempts)
})
