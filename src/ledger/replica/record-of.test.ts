import { expect, it } from 'vitest'
import { attemptAt, callTo } from '../../../test/support/calls.ts'
import { deployment } from '../../../test/support/settings.ts'
import { begunMembers } from './record-of.ts'

it('keeps no more of a name that a client makes up than anybody reads', () => {
  const long = 'x'.repeat(1_000_000)
  const call = callTo(long, { options: { sessionId: long } })
  const attempt = attemptAt(deployment({ id: 'd', pool: 'p', baseUrl: 'http://127.0.0.1' }), call)
  const row: unknown = JSON.parse(`{${begunMembers(attempt, { replica: 'r', held: 1n })}}`)
  const short = 'x'.repeat(256)
  expect(row).toMatchObject({ pool: 'p', requested_pool: short, session_id: short })
})
