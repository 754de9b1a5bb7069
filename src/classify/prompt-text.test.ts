import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../core/json.ts'
import type { Request } from '../core/request.ts'
import { clip, promptText, systemText, withoutReminders } from './prompt-text.ts'

const request = (body: JsonObject): Request => ({ operation: 'chat', body, streamed: false })
const chat = (...messages: Json[]) => request({ messages })

describe('promptText', () => {
  it('takes the last turn of the user that has text', () => {
    const text = promptText(
      chat(
        { role: 'user', content: 'first' },
        { role: 'user', content: 'second' },
        { role: 'assistant', content: 'answer' },
        { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:' } }] },
        { role: 'tool', content: 'result' },
      ),
    )
    expect(text).toBe('second')
  })

  it('joins text parts and passes over the others', () => {
    const content = [{ type: 'text', text: 'one' }, null, 7, { type: 'image_url' }, { type: 'input_text', text: 'two' }]
    expect(promptText(chat({ role: 'user', content }))).toBe('one\ntwo')
  })

  it('takes out reminders, and goes on to an earlier turn when nothing else is left', () => {
    const reminder = '<System-Reminder>use the tools</system-reminder>'
    expect(promptText(chat({ role: 'user', content: `${reminder} do it` }))).toBe('do it')
    expect(promptText(chat({ role: 'user', content: 'the ask' }, { role: 'user', content: reminder }))).toBe('the ask')
  })

  it('reads the prompt of a completion and the input of an embedding', () => {
    expect(promptText(request({ prompt: 'Once upon' }))).toBe('Once upon')
    expect(promptText(request({ prompt: ['a', 'b'] }))).toBe('a\nb')
    expect(promptText(request({ prompt: [1, 2, 3] }))).toBe('')
    expect(promptText(request({ input: 'embed me' }))).toBe('embed me')
  })

  it('keeps the start and the end of a long text within 5,000 characters', () => {
    const text = promptText(chat({ role: 'user', content: `start ${'x'.repeat(9_000)} end` }))
    expect(text).toHaveLength(5_000)
    expect(text.startsWith('start')).toBe(true)
    expect(text.endsWith('end')).toBe(true)
  })

  it('never throws and never exceeds its bound, whatever the body is', () => {
    fc.assert(
      fc.property(fc.object(), fc.jsonValue(), (body, messages) => {
        const made = request({ ...(body as JsonObject), messages: messages as Json })
        expect(promptText(made).length).toBeLessThanOrEqual(5_000)
        expect(systemText(made).length).toBeLessThanOrEqual(5_000)
      }),
    )
    for (const messages of [null, 5, 'text', [null], [[]], [{ role: 'user', content: null }], [{ role: 'user' }]])
      expect(promptText(request({ messages: messages as Json }))).toBe('')
  })
})

describe('withoutReminders', () => {
  const markers = [{ open: '[[', close: ']]' }]

  it('takes nested blocks out whole and leaves unclosed ones', () => {
    expect(withoutReminders('a [[b [[c]] d]] e', markers)).toBe('a  e')
    expect(withoutReminders('a ]] b [[ c', markers)).toBe('a ]] b [[ c')
    expect(withoutReminders('a [[x]] b [[y]] c', markers)).toBe('a  b  c')
  })

  it('is linear in the number of markers', () => {
    const many = '[['.repeat(500_000)
    const start = performance.now()
    expect(withoutReminders(many, markers)).toBe(many)
    // A quadratic scan would take minutes; the bound is far from what a slow machine needs.
    expect(performance.now() - start).toBeLessThan(5_000)
  })
})

describe('clip', () => {
  it('cuts no character in two', () => {
    const text = '😀'.repeat(50)
    for (let head = 5; head < 15; head++) expect(encodeURIComponent(clip(text, head, 21))).toContain('%F0')
  })
})

describe('systemText', () => {
  it('finds system and developer turns', () => {
    expect(systemText(chat({ role: 'system', content: 'be kind' }, { role: 'user', content: 'hi' }))).toBe('be kind')
    expect(systemText(chat({ role: 'developer', content: 'be brief' }))).toBe('be brief')
  })
})
