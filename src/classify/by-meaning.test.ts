import { describe, expect, it } from 'vitest'
import { wholeAnswer } from '../core/answer.ts'
import type { SemanticAutoSettings } from '../core/auto-settings.ts'
import type { Call } from '../core/call.ts'
import { Cancellation } from '../core/cancellation.ts'
import { Failure } from '../core/failure.ts'
import { ObjectFrame } from '../core/frame.ts'
import type { Handler } from '../core/handler.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { chooseByMeaning } from './by-meaning.ts'

const settings: SemanticAutoSettings = {
  by: 'semantic',
  routes: [
    { pool: 'coder', utterances: ['write a program', 'fix this bug'], scoreThreshold: 0.9 },
    { pool: 'poet', utterances: ['write a poem'], scoreThreshold: 0.5 },
  ],
  defaultPool: 'general',
  embeddingPool: 'embedder',
  maxInputCharacters: 20,
  embeddingTimeoutMs: 1_000,
}

const VECTORS: Readonly<Record<string, readonly number[]>> = {
  'write a program': [1, 0, 0],
  'fix this bug': [0, 1, 0],
  'write a poem': [0, 0, 1],
  'a bug of mine': [0.1, 3, 0],
  'half poem half bug': [0, 1.5, 1],
  nothing: [-1, -1, -1],
}

function callWith(content: Json, cancellation = new Cancellation()): Call {
  const request = { operation: 'chat', body: { model: 'smart', messages: [{ role: 'user', content }] }, streamed: true }
  return { pool: 'smart', request, options: {}, cancellation, deadline: 1e9, purpose: 'answer' } as unknown as Call
}

const inputsOf = (call: Call) => call.request.body.input as readonly string[]

const embedding = (call: Call, encode: (vector: readonly number[]) => Json = vector => vector): JsonObject => ({
  data: inputsOf(call).map((text, index) => ({ index, embedding: encode(VECTORS[text] ?? [1, 1, 1]) })),
})

const answerWith = (body: JsonObject) =>
  wholeAnswer({ id: 'e' } as Parameters<typeof wholeAnswer>[0], new ObjectFrame([body], false))

function chooser(
  ask: Handler = async call => answerWith(embedding(call)),
  changes: Partial<SemanticAutoSettings> = {},
) {
  const asked: Call[] = []
  const clock = new FakeClock()
  const choose = chooseByMeaning({ ...settings, ...changes }, clock)
  const counted: Handler = call => {
    asked.push(call)
    return ask(call)
  }
  return { asked, clock, choose: async (call: Call) => choose(call, counted) }
}

describe('chooseByMeaning', () => {
  it('takes the most similar route and says how similar it is', async () => {
    const { choose, asked } = chooser()
    expect(await choose(callWith('a bug of mine'))).toMatchObject({
      pool: 'coder',
      classification: { task: 'coder', by: 'semantic', reason: '0.999 like "fix this bug" of coder' },
    })
    expect(asked.map(call => [call.pool, call.purpose, inputsOf(call)])).toEqual([
      ['embedder', 'classify', ['write a program', 'fix this bug', 'write a poem']],
      ['embedder', 'classify', ['a bug of mine']],
    ])
  })

  it('passes over a route below its threshold, and takes the default when none is reached', async () => {
    const { choose } = chooser()
    expect((await choose(callWith('half poem half bug'))).pool).toBe('poet')
    expect(await choose(callWith('nothing'))).toMatchObject({ pool: 'general', classification: { by: 'default' } })
  })

  it('embeds the utterances once, and the first characters of each prompt', async () => {
    const { choose, asked } = chooser()
    await choose(callWith('a bug of mine'))
    await choose(callWith('nothing but a long text of which little counts'))
    expect(asked).toHaveLength(3)
    expect(asked[2] && inputsOf(asked[2])).toEqual(['nothing but a long t'])
  })

  it('embeds nothing for a request without text', async () => {
    const { choose, asked } = chooser()
    expect((await choose(callWith([]))).pool).toBe('general')
    expect(asked).toHaveLength(0)
  })

  it('reads base64 as well', async () => {
    const base64 = (vector: readonly number[]) => {
      const bytes = Buffer.alloc(vector.length * 4)
      for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4)
      return bytes.toString('base64')
    }
    const { choose } = chooser(async call => answerWith(embedding(call, base64)))
    expect((await choose(callWith('a bug of mine'))).pool).toBe('coder')
  })

  it.each<[string, Handler, RegExp]>([
    ['fails', () => Promise.reject(new Failure('overloaded', 'busy')), /embedder did not .* overloaded: busy/],
    [
      'answers nonsense',
      async () => answerWith({ data: [{ embedding: 'x' }] }),
      /bad_answer: .* 0 vectors for 3 texts/,
    ],
  ])('goes to the default pool when the embedding %s, and tries again with the next call', async (_, ask, reason) => {
    let works = false
    const { choose } = chooser(call => (works ? Promise.resolve(answerWith(embedding(call))) : ask(call)))
    const { pool, classification } = await choose(callWith('a bug of mine'))
    expect(pool).toBe('general')
    expect(classification.reason).toMatch(reason)
    works = true
    expect((await choose(callWith('a bug of mine'))).pool).toBe('coder')
  })

  it('waits no longer than allowed', async () => {
    const { choose, clock } = chooser(() => new Promise(() => {}))
    const choice = choose(callWith('a bug of mine'))
    clock.advance(1_000)
    expect((await choice).classification.reason).toContain('within 1000 ms')
  })

  it('does not compare vectors of two models, and embeds the utterances anew', async () => {
    let dimensions = 3
    const { choose, asked } = chooser(async call =>
      answerWith({ data: inputsOf(call).map(() => ({ embedding: Array(dimensions).fill(1) })) }),
    )
    await choose(callWith('a'))
    dimensions = 4
    expect((await choose(callWith('b'))).classification.reason).toContain('more than one model')
    expect((await choose(callWith('c'))).pool).toBe('coder')
    expect(asked.map(call => inputsOf(call).length)).toEqual([3, 1, 1, 3, 1])
  })

  it('lets calls that come meanwhile wait for the utterances, and one of them go on when the first one leaves', async () => {
    const held: (() => void)[] = []
    const { choose, asked } = chooser(async call => {
      if (asked.length === 1) await new Promise<void>(resolve => held.push(resolve))
      return answerWith(embedding(call))
    })
    const first = callWith('a bug of mine')
    const left = choose(first)
    const waiting = [choose(callWith('a bug of mine')), choose(callWith('write a poem'))]
    first.cancellation.cancel(new Failure('cancelled', 'the client left'))
    expect((await left).pool).toBe('general')
    expect((await Promise.all(waiting)).map(choice => choice.pool)).toEqual(['coder', 'poet'])
    expect(asked.filter(call => inputsOf(call).length === 3)).toHaveLength(2)
  })
})
