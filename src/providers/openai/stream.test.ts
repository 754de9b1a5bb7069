import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attemptAt, callTo, chat } from '../../../test/support/calls.ts'
import { deployment } from '../../../test/support/settings.ts'
import { Answer, type End } from '../../core/answer.ts'
import { Failure } from '../../core/failure.ts'
import type { JsonObject } from '../../core/json.ts'
import { OpenAiStream, type StreamOptions } from './stream.ts'

const DONE = 'data: [DONE]\n\n'

const event = (object: JsonObject) => `data: ${JSON.stringify(object)}\n\n`
const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'gpt-x' }
const chunk = (delta: JsonObject, finish_reason: string | null = null, more: JsonObject = {}) =>
  event({ ...head, choices: [{ index: 0, delta, logprobs: null, finish_reason }], ...more })
const ROLE = chunk({ role: 'assistant', content: '' })
const STOP = chunk({}, 'stop')
const usage = { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 }
const USAGE = event({ ...head, choices: [], usage })

/** Reads a stream in these pieces, as http.ts does. */
function read(
  pieces: readonly (string | Buffer)[],
  { body = {}, ...options }: Partial<StreamOptions> & { readonly body?: JsonObject } = {},
) {
  const call = callTo('p', { request: chat({ stream: true, ...body }) })
  const attempt = attemptAt(deployment({ id: 'a', pool: 'p', model: 'm', baseUrl: 'http://127.0.0.1:1' }), call)
  const answer = new Answer(attempt.deployment, true, { pause() {}, resume() {}, abort() {} })
  const frames: Buffer[] = []
  const objects: JsonObject[] = []
  const ends: End[] = []
  answer.read({
    frame: frame => {
      frames.push(Buffer.from(frame.bytes))
      objects.push(...frame.objects)
      return true
    },
    end: end => ends.push(end),
  })
  const stream = new OpenAiStream(attempt, answer, { hideUsage: false, usageIn: undefined, ...options })
  try {
    for (const piece of pieces) stream.chunk(Buffer.from(piece))
    const failure = stream.end()
    if (failure) answer.fail(failure)
    else answer.complete()
  } catch (error) {
    answer.fail(Failure.from(error))
  }
  return { answer, text: Buffer.concat(frames).toString(), objects, failure: ends[0]?.failure, frames }
}

describe('a stream of OpenAI', () => {
  it('says with its first event by which service tier it comes, and with its usage', () => {
    const tier = { service_tier: 'priority' }
    const cut = read([chunk({ content: 'Hi' }, null, tier)])
    expect(cut.answer).toMatchObject({ serviceTier: 'priority', usage: undefined })
    const { answer } = read([chunk({ content: 'Hi' }, null, tier), chunk({ content: 'ho' }), STOP, USAGE, DONE])
    expect(answer.usage).toEqual({ inputTokens: 9, outputTokens: 4, serviceTier: 'priority' })
  })

  it.each([
    ['a space behind its end', [ROLE, chunk({ content: 'Hi' }), STOP, 'data: [DONE] \n\n'], ''],
    ['empty data', ['data:\n\n', ROLE, 'data: \n\n', chunk({ content: 'Hi' }), STOP, DONE], /data: ?\n\n/g],
    ['a byte order mark', ['\ufeff', chunk({ role: 'assistant', content: 'Hi' }), STOP, DONE], '\ufeff'],
  ])('may have %s', (_, events, unsent) => {
    for (const pieces of [events, [events.join('')]]) {
      const { text, failure, objects } = read(pieces)
      expect(failure).toBeUndefined()
      expect(text).toBe(events.join('').replaceAll(unsent, ''))
      expect(objects.map(one => JSON.stringify(one)).join()).toContain('"content":"Hi"')
    }
  })

  it('goes out as it came, and tells what it is', () => {
    const whole = [ROLE, chunk({ content: 'Hel' }), chunk({ content: 'lo' }), STOP, USAGE, DONE].join('')
    const { text, answer, failure } = read([whole])
    expect(text).toBe(whole)
    expect(failure).toBeUndefined()
    expect(answer).toMatchObject({
      usage: { inputTokens: 9, outputTokens: 4 },
      model: 'gpt-x',
      responseId: 'chatcmpl-1',
      finishReason: 'stop',
      contentEvents: 2,
      contentBytes: 5,
    })
  })

  it('begins with content, tool calls, reasoning or a finish, not with a prelude', () => {
    const commits = (...events: string[]) => read(events).answer.isCommitted
    expect(commits(ROLE)).toBe(false)
    expect(commits(': thinking\n\n', ROLE, event({ ...head, choices: [], prompt_filter_results: [] }))).toBe(false)
    for (const delta of [
      { content: 'x' },
      { reasoning_content: 'x' },
      { tool_calls: [{ index: 0 }] },
      { refusal: 'no' },
    ])
      expect(commits(ROLE, chunk(delta))).toBe(true)
    expect(commits(ROLE, STOP)).toBe(true)
    expect(commits(event({ ...head, choices: [{ index: 0, text: 'x', finish_reason: null }] }))).toBe(true)
  })

  describe('however its bytes are cut', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme' }).map(content => chunk({ content })),
      fc.constantFrom(
        ': keep-alive\n\n',
        chunk({ tool_calls: [{ index: 0, id: 'c', function: { name: 'f', arguments: '{"a' } }] }),
        chunk({ reasoning_content: 'hm "finish_reason":null,"usage":{ hm' }),
        event({ ...head, choices: [{ index: 0, delta: { content: 'x' }, finish_reason: null }], usage }),
      ),
    )
    const tail = fc.constantFrom(
      [STOP, USAGE, DONE],
      [STOP, DONE],
      [STOP, USAGE],
      [STOP],
      [chunk({}, 'stop', { usage }), DONE],
    )
    const scenario = fc.record({
      pieces: fc.array(piece, { maxLength: 6 }),
      tail,
      lineEnd: fc.constantFrom('\n', '\r\n'),
      hideUsage: fc.boolean(),
      cuts: fc.array(fc.nat(), { maxLength: 8 }),
      bytewise: fc.boolean(),
    })

    it('brings the same bytes, objects, usage and end', () => {
      fc.assert(
        fc.property(scenario, ({ pieces, tail, lineEnd, hideUsage, cuts, bytewise }) => {
          const events = [ROLE, ...pieces, ...tail].map(one => one.replaceAll('\n', lineEnd))
          const whole = Buffer.from(events.join(''))
          const edges = [0, ...cuts.map(at => at % (whole.length + 1)).toSorted((a, b) => a - b), whole.length]
          const parts = bytewise
            ? [...whole].map(byte => Buffer.from([byte]))
            : edges.slice(1).map((edge, index) => whole.subarray(edges[index], edge))
          const got = read(parts, { hideUsage })
          const kept = events.filter(one => !(hideUsage && one === USAGE.replaceAll('\n', lineEnd)))
          const ended = tail.includes(DONE)
          expect(got.text).toBe(kept.join('') + (ended ? '' : DONE))
          expect(got.failure).toBeUndefined()
          const reference = read([whole], { hideUsage })
          expect(got.objects).toEqual(reference.objects)
          expect(got.answer.usage).toEqual(reference.answer.usage)
          expect(got.answer.finishReason).toBe('stop')
          expect(got.answer.contentEvents >= 1).toBe(reference.answer.contentEvents >= 1)
        }),
      )
    })

    it('is never a success when it was cut off before its finish', () => {
      const whole = Buffer.from([ROLE, chunk({ content: 'ä' }), chunk({ content: 'b' })].join(''))
      const finish = Buffer.from(STOP)
      for (let at = 0; at < whole.length; at++) expect(read([whole.subarray(0, at)]).failure?.kind).toBe('broken_off')
      for (let at = 0; at < finish.length - 3; at++)
        expect(read([whole, finish.subarray(0, at)]).failure?.kind).toBe('broken_off')
    })
  })

  describe('whose usage', () => {
    it('nobody asked for is read and hidden, in one piece or in several', () => {
      for (const pieces of [
        [ROLE, chunk({ content: 'x' }), STOP + USAGE + DONE],
        [ROLE + chunk({ content: 'x' }) + STOP + USAGE + DONE],
      ]) {
        const { text, answer } = read(pieces, { hideUsage: true })
        expect(text).toBe(ROLE + chunk({ content: 'x' }) + STOP + DONE)
        expect(answer.usage).toEqual({ inputTokens: 9, outputTokens: 4 })
      }
    })

    it('stands in the last chunk with a choice is read and stays', () => {
      const last = chunk({}, 'stop', { usage })
      const { text, answer } = read([ROLE, chunk({ content: 'x' }), last, DONE], { hideUsage: true })
      expect(text).toContain(last)
      expect(answer.usage?.inputTokens).toBe(9)
    })

    it('stands in every chunk is that of the last one', () => {
      const running = (tokens: number) =>
        chunk({ content: 'x' }, null, { usage: { prompt_tokens: 9, completion_tokens: tokens } })
      expect(read([running(1), running(2), STOP, DONE]).answer.usage?.outputTokens).toBe(2)
    })

    it('stands under x_groq is read', () => {
      const last = chunk({}, 'stop', { x_groq: { id: 'r', usage } })
      expect(read([chunk({ content: 'x' }), last, DONE], { usageIn: 'x_groq' }).answer.usage?.inputTokens).toBe(9)
      expect(read([chunk({ content: 'x' }), last, DONE]).answer.usage).toBeUndefined()
    })

    it('never comes of speech or a picture, whose tokens are not as many as its bytes', () => {
      const second = chunk({ audio: { data: 'A'.repeat(64_000) } })
      const speech = read([
        chunk({ role: 'assistant', audio: { id: 'a' } }),
        ...Array.from({ length: 10 }, () => second),
      ])
      expect(speech.answer).toMatchObject({ contentEvents: 10, contentBytes: 800 })
      const url = `data:image/png;base64,${'A'.repeat(500_000)}`
      const picture = chunk({ images: [{ type: 'image_url', image_url: { url } }] })
      const { contentBytes } = read([chunk({ content: 'Look' }), picture, chunk({ content: 'Nice' })]).answer
      expect(contentBytes).toBe(4 + 4_000 + 4)
    })

    it('never comes is left open, with the content counted for an estimate', () => {
      const { answer } = read([
        ROLE,
        ...Array.from({ length: 10 }, () => chunk({ content: 'hello world' })),
        STOP,
        DONE,
      ])
      expect(answer.usage).toBeUndefined()
      expect(answer.contentEvents).toBe(10)
      // The prelude is longer than the frame around a piece of content: it must not be taken for it.
      expect(answer.contentBytes).toBe(110)
    })
  })

  describe('that ends', () => {
    it('with [DONE] but without a finish reason is broken off, and the client gets no [DONE]', () => {
      const { text, failure } = read([ROLE, chunk({ content: 'x' }), DONE])
      expect([text, failure?.kind]).toEqual([ROLE + chunk({ content: 'x' }), 'broken_off'])
    })

    it('without [DONE] gets one', () => {
      expect(read([chunk({ content: 'x' }), STOP]).text).toBe(chunk({ content: 'x' }) + STOP + DONE)
    })

    it('without [DONE] is broken off where one of several choices has not finished', () => {
      const choice = (index: number, delta: JsonObject, finish_reason: string | null) =>
        event({ ...head, choices: [{ index, delta, finish_reason }] })
      const stopped = [choice(0, { content: 'a' }, null), choice(1, { content: 'b' }, null), choice(0, {}, 'stop')]
      const failureOf = (...pieces: string[]) => read(pieces, { body: { n: 2 } }).failure?.kind
      expect(failureOf(...stopped)).toBe('broken_off')
      expect(failureOf(...stopped, choice(0, {}, 'stop'))).toBe('broken_off')
      expect(failureOf(...stopped, choice(1, {}, 'length'))).toBeUndefined()
      expect(failureOf(...stopped, DONE)).toBeUndefined()
    })

    it('without its last blank line is completed', () => {
      expect(read([chunk({ content: 'x' }), STOP.trimEnd()]).text).toBe(chunk({ content: 'x' }) + STOP + DONE)
      expect(read([chunk({ content: 'x' }), `${STOP.trimEnd()}\n`]).objects).toHaveLength(2)
      const { text, failure } = read([chunk({ content: 'x' }), STOP, DONE.trimEnd()])
      expect([text, failure]).toEqual([chunk({ content: 'x' }) + STOP + DONE, undefined])
    })

    it('has nothing more after [DONE]', () => {
      expect(
        read([chunk({ content: 'x' }) + STOP + DONE + event({ error: { message: 'late' } }), 'garbage']).text,
      ).toBe(chunk({ content: 'x' }) + STOP + DONE)
    })

    it.each([
      ['only with [DONE]', [DONE]],
      ['after its prelude', [ROLE, DONE]],
      ['after its usage', [USAGE, DONE]],
    ])('%s is no answer, so that another deployment is tried', (_, pieces) => {
      const { failure, answer } = read(pieces)
      expect(failure?.kind).toBe('bad_answer')
      expect(answer.isCommitted).toBe(false)
    })

    it('with an empty finish reason has not finished', () => {
      expect(read([ROLE, chunk({ content: 'x' }, '')]).failure?.kind).toBe('broken_off')
      expect(read([chunk({ role: 'assistant' }, '')]).answer.isCommitted).toBe(false)
    })
  })

  it.each<[string, JsonObject, object]>([
    [
      'with a status as its code',
      { error: { message: 'slow down', code: 429 } },
      { kind: 'rate_limited', upstreamStatus: 429 },
    ],
    [
      'with a code of its own',
      { error: { message: 'too long', code: 'context_length_exceeded' } },
      { kind: 'context_too_long' },
    ],
    ['with only a type', { error: { message: 'bad', type: 'invalid_request_error' } }, { kind: 'rejected' }],
    ['with nothing', { error: { message: 'oops' } }, { kind: 'upstream_error' }],
    [
      'beside choices',
      { ...head, choices: [{ index: 0, delta: {}, finish_reason: 'error' }], error: { message: 'x', code: 502 } },
      { kind: 'upstream_error' },
    ],
  ])('fails with an error event %s', (_, object, failure) => {
    expect(read([event(object)]).failure).toMatchObject(failure)
    const late = read([ROLE, chunk({ content: 'x' }), event(object)])
    expect(late.failure).toMatchObject(failure)
    // The event itself is not passed on: whoever reads is told by the failure.
    expect(late.text).toBe(ROLE + chunk({ content: 'x' }))
  })

  it('fails with the error of a choice', () => {
    const failed = { index: 0, delta: { content: '' }, finish_reason: 'error', error: { code: 502, message: 'lost' } }
    const { failure, answer } = read([ROLE, event({ ...head, choices: [failed], usage }), DONE])
    expect(failure).toMatchObject({ kind: 'upstream_error', message: expect.stringContaining('lost') })
    expect(answer).toMatchObject({ isCommitted: false, usage: { inputTokens: 9 } })
  })

  it.each(['data: nonsense\n\n', 'data: [1]\n\n', 'data: {"a":\n\n', 'data: null\n\n'])('fails at %j', text => {
    expect(read([chunk({ content: 'x' }), text]).failure?.kind).toBe('bad_answer')
  })
})
