import { describe, expect, it } from 'vitest'
import { BytesFrame, DONE, ObjectFrame } from './frame.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

describe('a frame', () => {
  it('of bytes is parsed once, and only when somebody asks', () => {
    let parsed = 0
    const bytes = Buffer.from('data: {"a":1}\n\n')
    const frame = new BytesFrame(bytes, () => {
      parsed++
      return [{ a: 1 }]
    })
    expect(frame.bytes).toBe(bytes)
    expect(parsed).toBe(0)
    expect(frame.objects).toEqual([{ a: 1 }])
    expect(frame.objects).toBe(frame.objects)
    expect(parsed).toBe(1)
  })

  it('of objects is written as events in a stream', () => {
    const frame = new ObjectFrame([{ a: 'ü\n' }, { b: 2 }], true)
    expect(text(frame.bytes)).toBe('data: {"a":"ü\\n"}\n\ndata: {"b":2}\n\n')
    expect(frame.bytes).toBe(frame.bytes)
  })

  it('of one object is written as JSON in a whole answer', () => {
    expect(text(new ObjectFrame([{ a: 1 }], false).bytes)).toBe('{"a":1}')
  })

  it('ends a stream with [DONE]', () => expect(text(DONE)).toBe('data: [DONE]\n\n'))
})
