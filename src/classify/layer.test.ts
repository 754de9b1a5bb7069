import { describe, expect, it } from 'vitest'
import { Answer, wholeAnswer } from '../core/answer.ts'
import type { TaskAutoSettings } from '../core/auto-settings.ts'
import type { Call, CallOptions } from '../core/call.ts'
import { plainCaller } from '../core/caller.ts'
import { Cancellation } from '../core/cancellation.ts'
import type { Clock, Ms } from '../core/clock.ts'
import type { Deployment } from '../core/deployment.ts'
import { Failure } from '../core/failure.ts'
import { ObjectFrame } from '../core/frame.ts'
import type { Handler } from '../core/handler.ts'
import { type ClassifyOptions, classify } from './layer.ts'

const OPEN = 'Is the shop open today?'

const deployment: Deployment = {
  id: 'd1',
  pool: 'cheap',
  provider: 'mock',
  model: 'mock-1',
  baseUrl: 'http://127.0.0.1',
  headers: {},
  defaults: {},
  parameters: { dropUnsupported: false, drop: [], allow: [] },
  selection: { tags: [], tagPatterns: [] },
  timeouts: {},
  health: {},
  price: undefined,
  limits: { supports: {} },
  info: {},
}

const settings: TaskAutoSettings = {
  by: 'task',
  pools: { math: 'math-pool', code: 'code-pool', creative: 'creative-pool', default: 'default-pool' },
  classifierPool: 'cheap',
  classifierTimeoutMs: 1_000,
  keywords: {},
}

function fakeClock(): Clock & { advance(by: Ms): void } {
  let now = 5_000
  let timers: { at: Ms; action: () => void }[] = []
  return {
    now: () => now,
    monotonic: () => now,
    after(delay, action) {
      const timer = { at: now + delay, action }
      timers.push(timer)
      return {
        cancel() {
          timers = timers.filter(other => other !== timer)
        },
        unref() {},
      }
    },
    advance(by) {
      now += by
      for (const timer of timers.filter(each => each.at <= now)) timer.action()
    },
  }
}

function callWith(content: string, changes: Partial<Call> = {}): Call {
  return {
    id: 'call-1',
    pool: 'auto',
    request: { operation: 'chat', body: { model: 'auto', messages: [{ role: 'user', content }] }, streamed: true },
    options: {},
    cancellation: new Cancellation(),
    deadline: 100_000,
    record: {
      startedAt: 0,
      start: 0,
      requestedPool: 'auto',
      attempts: [],
      decisions: [],
      fallbacks: 0,
      cost: 0n,
      unpriced: false,
    },
    emit: () => {},
    purpose: 'answer',
    ...changes,
  }
}

const saying = (content: string) =>
  wholeAnswer(deployment, new ObjectFrame([{ choices: [{ message: { role: 'assistant', content } }] }], false))

/** Runs a call through the layer: which calls came out below, and which were asked of the classifier. */
function run(call: Call, ask: Handler, options: Partial<ClassifyOptions> = {}) {
  const passed: Call[] = []
  const asked: Call[] = []
  const layer = classify({
    auto: { auto: settings },
    clock: fakeClock(),
    ...options,
  })
  const answer = layer(async each => {
    if (each !== call && each.purpose === 'classify') {
      asked.push(each)
      return ask(each)
    }
    passed.push(each)
    return saying('done')
  })(call)
  return { answer, passed, asked }
}

const never: Handler = () => Promise.reject(new Error('nobody was to be asked'))

describe('classify', () => {
  it('lets calls to other pools pass untouched', async () => {
    for (const pool of ['gpt-4o', 'constructor', '__proto__']) {
      const call = callWith('write a poem', { pool })
      const { answer, passed } = run(call, never)
      await answer
      expect(passed).toEqual([call])
      expect(call.record.classification).toBeUndefined()
    }
  })

  it('sends what the rules are sure of to its pool, without asking', async () => {
    const call = callWith('Write a story about a fox')
    const { answer, passed, asked } = run(call, never)
    await answer
    expect(asked).toHaveLength(0)
    expect(passed[0]).toEqual({ ...call, pool: 'creative-pool' })
    expect(call.record.classification).toMatchObject({ task: 'creative', by: 'rules' })
  })

  it('asks the classifier pool for the rest, on the same record, and follows its word', async () => {
    const options: CallOptions = {
      mock: { mock_response: 'x' },
      retries: 9,
      caller: plainCaller('k'),
      allowedRegion: 'eu',
    }
    const call = callWith(OPEN, { options })
    const { answer, passed, asked } = run(call, async () => saying(' Code. '))
    await answer
    expect(asked[0]).toMatchObject({ pool: 'cheap', purpose: 'classify', deadline: 6_000, id: 'call-1' })
    expect(asked[0]?.record).toBe(call.record)
    expect(asked[0]?.options).toEqual({ caller: plainCaller('k'), allowedRegion: 'eu' })
    expect(asked[0]?.request.body).toMatchObject({ model: 'cheap', max_tokens: 5 })
    expect(JSON.stringify(asked[0]?.request.body)).toContain(OPEN)
    expect(passed[0]).toMatchObject({ pool: 'code-pool', purpose: 'answer', request: call.request, options })
    expect(call.record.classification).toEqual({ task: 'code', by: 'llm', reason: 'cheap answered "Code."' })
  })

  it('never looks past the deadline of the call', async () => {
    const { answer, asked } = run(callWith(OPEN, { deadline: 5_400 }), async () => saying('math'))
    await answer
    expect(asked[0]?.deadline).toBe(5_400)
  })

  it('reads a streamed word too', async () => {
    const { answer, passed } = run(callWith(OPEN), async () => {
      const streamed = new Answer(deployment, true, { pause() {}, resume() {}, abort() {} })
      streamed.push(new ObjectFrame([{ choices: [{ delta: { content: 'ma' } }] }], true), true)
      streamed.push(new ObjectFrame([{ choices: [{ delta: { content: 'th' } }] }, { usage: {} }], true), true)
      streamed.complete()
      return streamed
    })
    await answer
    expect(passed[0]?.pool).toBe('math-pool')
  })

  it.each<[string, Handler, RegExp]>([
    ['fails', () => Promise.reject(new Failure('overloaded', 'busy')), /cheap failed: overloaded: busy/],
    [
      'throws',
      () => {
        throw new TypeError('oops')
      },
      /internal: oops/,
    ],
    [
      'breaks off',
      async () => {
        const broken = new Answer(deployment, true, { pause() {}, resume() {}, abort() {} })
        broken.fail(new Failure('broken_off', 'cut'))
        return broken
      },
      /broken_off: cut/,
    ],
  ])('goes to the default pool with the reason when the classifier %s', async (_, ask, reason) => {
    const call = callWith(OPEN)
    const { answer, passed } = run(call, ask)
    await answer
    expect(passed[0]?.pool).toBe('default-pool')
    expect(call.record.classification).toMatchObject({
      task: 'default',
      by: 'default',
      reason: expect.stringMatching(reason),
    })
  })

  it('goes to the default pool when the answer is no task, or a task without a pool', async () => {
    const call = callWith(OPEN)
    const { answer, passed } = run(call, async () => saying('code, because you told me so'))
    await answer
    expect(passed[0]?.pool).toBe('default-pool')
    expect(call.record.classification).toMatchObject({ task: 'default', by: 'llm' })

    const own = run(callWith('Write a story'), never, { auto: { auto: { ...settings, pools: { default: 'only' } } } })
    await own.answer
    expect(own.passed[0]?.pool).toBe('only')
  })

  it('waits no longer than allowed, stops the classifying call and leaves its late answer', async () => {
    const clock = fakeClock()
    const late = new Answer(deployment, true, { pause() {}, resume() {}, abort() {} })
    let deliver: (answer: Answer) => void = () => {}
    const held = new Promise<Answer>(resolve => {
      deliver = resolve
    })
    const call = callWith(OPEN)
    const { answer, passed, asked } = run(call, () => held, { clock })
    clock.advance(999)
    expect(asked[0]?.cancellation.reason).toBeUndefined()
    clock.advance(1)
    await answer
    expect(passed[0]?.pool).toBe('default-pool')
    expect(call.record.classification?.reason).toContain('within 1000 ms')
    // Not the deployment's fault: it is not to rest because the limit is tight.
    expect(asked[0]?.cancellation.reason?.verdict.blames).toBe(false)
    expect(call.cancellation.reason).toBeUndefined()
    deliver(late)
    await new Promise(setImmediate)
    expect(late.ended?.outcome).toBe('abandoned')
  })

  it('ends with the call when the client leaves meanwhile', async () => {
    const call = callWith(OPEN)
    const { answer, passed, asked } = run(call, () => new Promise(() => {}))
    const gone = new Failure('cancelled', 'the client left')
    call.cancellation.cancel(gone)
    await expect(answer).rejects.toBe(gone)
    expect(asked[0]?.cancellation.reason).toBe(gone)
    expect(passed).toHaveLength(0)
  })

  it('asks nobody without a classifier pool or without text', async () => {
    const { classifierPool: _, ...alone } = settings
    const first = callWith(OPEN)
    await run(first, never, { auto: { auto: alone } }).answer
    expect(first.record.classification?.reason).toContain('no classifier pool')
    const second = callWith('')
    const { answer, passed } = run(second, never)
    await answer
    expect(second.record.classification?.reason).toContain('no text')
    expect(passed[0]?.pool).toBe('default-pool')
  })

  it('does not classify a classifying call, so that it cannot go round', async () => {
    const call = callWith('write a poem', { purpose: 'classify' })
    const { answer, passed } = run(call, never)
    await answer
    expect(passed).toEqual([call])
  })

  it('takes other classifiers, in order, and survives one that throws', async () => {
    const call = callWith('Write a story')
    const classifiers = () => [
      () => {
        throw new Error('broken model')
      },
      () => undefined,
      () => ({ task: 'math', by: 'learned', reason: 'said so', confidence: 0.9 }),
    ]
    const { answer, passed } = run(call, never, { classifiers })
    await answer
    expect(passed[0]?.pool).toBe('math-pool')
    expect(call.record.classification).toMatchObject({ by: 'learned', confidence: 0.9 })
  })

  it('refuses a pool without a default when it is built', () => {
    expect(() => classify({ auto: { auto: { ...settings, pools: { math: 'm' } } } })).toThrow(/auto .* no default/)
  })
})
