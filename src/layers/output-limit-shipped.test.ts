import { expect, test } from 'vitest'
import type { Deployment } from '../core/deployment.ts'
import type { Request } from '../core/request.ts'
import { withForcedLimit } from './output-limit.ts'

const deployment = { provider: 'openai', defaults: {} } as Deployment

test.each(['{"model":"m","messages":[]}', ' {"model":"m","messages":[{"content":"}"}]} \n'])(
  'the bytes of a request that is given a limit say the same as its body: %s',
  text => {
    const request: Request = { operation: 'chat', streamed: false, body: JSON.parse(text), bytes: Buffer.from(text) }
    const { body, bytes } = withForcedLimit(request, deployment, 4_096)
    expect(body.max_completion_tokens).toBe(4_096)
    expect(JSON.parse(Buffer.from(bytes ?? []).toString())).toEqual(body)
  },
)

test('where the limit stands in the request already, as null, its bytes are not used', () => {
  const body = { model: 'm', max_completion_tokens: null }
  const request: Request = { operation: 'chat', streamed: false, body, bytes: Buffer.from(JSON.stringify(body)) }
  const limited = withForcedLimit(request, deployment, 4_096)
  expect(limited.bytes).toBeUndefined()
  expect(limited.body.max_completion_tokens).toBe(4_096)
})
