import { expect, it } from 'vitest'
import { CollectedAnswer } from '../core/collected-answer.ts'
import { ObjectFrame } from '../core/frame.ts'
import type { JsonObject } from '../core/json.ts'
import { responseBody } from './response-body.ts'

function collected(objects: readonly JsonObject[], streamed = true): CollectedAnswer {
  const answer = new CollectedAnswer()
  for (const object of objects) answer.add(new ObjectFrame([object], streamed))
  return answer
}

const chunk = (delta: JsonObject, finish_reason: string | null = null, index = 0): JsonObject => ({
  id: 'c1',
  object: 'chat.completion.chunk',
  choices: [{ index, delta, finish_reason }],
})

it('joins texts, reasoning and tool calls of every choice', () => {
  const call = (piece: object) => ({ tool_calls: [{ index: 0, ...piece }] })
  const body = responseBody(
    collected([
      chunk({ role: 'assistant', content: '' }),
      chunk({ reasoning_content: 'I th' }),
      chunk({ reasoning_content: 'ink' }),
      chunk({ content: 'Hel' }),
      chunk({ content: 'lo' }),
      chunk(call({ id: 't1', type: 'function', function: { name: 'clock', arguments: '{"zo' } })),
      chunk(call({ function: { arguments: 'ne":1}' } })),
      chunk({}, 'tool_calls'),
      chunk({ content: 'other' }, 'stop', 1),
      { id: 'c1', object: 'chat.completion.chunk', choices: [], usage: { prompt_tokens: 1 } },
    ]),
    true,
  )
  expect(body).toEqual({
    id: 'c1',
    object: 'chat.completion',
    usage: { prompt_tokens: 1 },
    choices: [
      {
        index: 0,
        finish_reason: 'tool_calls',
        message: {
          role: 'assistant',
          content: 'Hello',
          reasoning_content: 'I think',
          tool_calls: [{ id: 't1', type: 'function', function: { name: 'clock', arguments: '{"zone":1}' } }],
        },
      },
      { index: 1, finish_reason: 'stop', message: { role: 'assistant', content: 'other' } },
    ],
  })
})

it('leaves whole answers as they are, of streams that were none too', () => {
  const body = { object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content: 'hi' } }] }
  expect(responseBody(collected([body], false), false)).toEqual(body)
  expect(responseBody(collected([body], false), true)).toEqual(body)
  const text = { object: 'text_completion', choices: [{ index: 0, text: 'a', finish_reason: null }] }
  expect(responseBody(collected([text, text]), true)).toMatchObject({ choices: [{ text: 'aa' }] })
})

it('keeps at most 1 MiB, and says so', () => {
  const answer = collected([chunk({ content: 'a' }), chunk({ content: 'b'.repeat(1 << 20) }), chunk({ content: 'c' })])
  expect(answer.truncated).toBe(true)
  expect(answer.frames).toHaveLength(1)
  expect(responseBody(new CollectedAnswer(), true)).toBeNull()
})
