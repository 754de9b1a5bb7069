import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../core/json.ts'
import { Pieces } from '../core/pieces.ts'
import type { Request } from '../core/request.ts'
import { withUsage } from './with-usage.ts'

const request = (body: JsonObject, streamed = true): Request => ({
  operation: 'chat',
  streamed,
  body,
  source: { bytes: new Pieces([]), model: undefined },
})

describe('withUsage', () => {
  it('asks for usage, beside what else is asked of the stream', () => {
    const asked = withUsage(request({ model: 'm', stream_options: { other: 1 } }))
    expect(asked.body).toEqual({ model: 'm', stream_options: { other: 1, include_usage: true } })
    expect(asked.source).toBeUndefined()
  })

  it('leaves alone who has said it, and who does not stream', () => {
    for (const one of [
      request({ stream_options: { include_usage: false } }),
      request({ stream_options: { include_usage: true } }),
      request({}, false),
    ])
      expect(withUsage(one)).toBe(one)
  })
})
