import { describe, expect, it } from 'vitest'
import { chat } from '../../test/support/calls.ts'
import { ObjectFrame } from '../core/frame.ts'
import type { JsonObject } from '../core/json.ts'
import { wholeAsStream } from './whole-as-stream.ts'

/** The chunks of the stream; it must end with [DONE]. */
function stream(body: JsonObject, request: JsonObject = {}, operation: 'chat' | 'completion' = 'chat'): JsonObject[] {
  const { objects, bytes } = wholeAsStream(new ObjectFrame([body], false), {
    ...chat({ stream: true, ...request }),
    operation,
  })
  const events = Buffer.from(bytes).toString().split('\n\n')
  expect(events.slice(-2)).toEqual(['data: [DONE]', ''])
  const told = events.slice(0, -2).map(event => JSON.parse(event.slice('data: '.length)) as JsonObject)
  expect(JSON.parse(JSON.stringify(objects))).toEqual(told)
  return told
}

const head = { id: 'r', created: 1, model: 'm' }
const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 }

describe('a whole answer as a stream', () => {
  it('is one chunk, with usage behind it when it was asked for', () => {
    const message = { role: 'assistant', content: 'hi' }
    const body = { ...head, object: 'chat.completion', choices: [{ index: 0, message, finish_reason: 'stop' }], usage }
    const chunk = {
      ...head,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta: message, finish_reason: 'stop' }],
    }
    expect(stream(body)).toEqual([chunk])
    expect(stream(body, { stream_options: { include_usage: true } })).toEqual([chunk, { ...chunk, choices: [], usage }])
  })

  it('numbers the tool calls, as streams do', () => {
    const calls = [{ id: 'a' }, { id: 'b' }]
    const [chunk] = stream({ ...head, choices: [{ index: 0, message: { content: null, tool_calls: calls } }] })
    expect(chunk).toMatchObject({
      choices: [
        {
          delta: {
            tool_calls: [
              { index: 0, id: 'a' },
              { index: 1, id: 'b' },
            ],
          },
        },
      ],
    })
  })

  it('leaves the choices of completions as they are', () => {
    const body = { ...head, object: 'text_completion', choices: [{ index: 0, text: 'hi', finish_reason: 'stop' }] }
    expect(stream(body, {}, 'completion')).toEqual([body])
  })

  it('is only its end when there is nothing in it', () => {
    const { bytes } = wholeAsStream(new ObjectFrame([], false), chat({ stream: true }))
    expect(Buffer.from(bytes).toString()).toBe('data: [DONE]\n\n')
  })
})
