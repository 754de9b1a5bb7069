import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deployment } from '../../test/support/settings.ts'
import { Answer, type End, type Source, wholeAnswer } from './answer.ts'
import { Failure } from './failure.ts'
import { type Frame, ObjectFrame } from './frame.ts'

const one = deployment({ id: 'a', pool: 'p', baseUrl: 'http://127.0.0.1:1' })
const broken = new Failure('broken_off', 'it broke off')
const left = new Failure('cancelled', 'the client left')

const frame = (number: number): Frame => new ObjectFrame([{ number }], true)
const numberOf = (frame: Frame): unknown => frame.objects[0]?.number

/** An answer, what was asked of its source, and all that a reader and a follower were told. */
function scene() {
  const asked: string[] = []
  const source: Source = {
    pause: () => asked.push('pause'),
    resume: () => asked.push('resume'),
    abort: reason => asked.push(`abort ${reason.kind}`),
  }
  const answer = new Answer(one, true, source)
  const read: unknown[] = []
  const ends: End[] = []
  const followed: End[] = []
  answer.onEnd(end => followed.push(end))
  /** Takes frames, and asks for a pause after each for which `takes` says no. */
  const start = (takes: (frame: Frame) => boolean = () => true) =>
    answer.read({
      frame: frame => {
        read.push(numberOf(frame))
        return takes(frame)
      },
      end: end => ends.push(end),
    })
  return { answer, asked, read, ends, followed, start }
}

describe('the frames of an answer', () => {
  it('wait for a reader and then keep their order', () => {
    const { answer, read, start } = scene()
    answer.push(frame(1), false)
    answer.push(frame(2), true)
    start()
    answer.push(frame(3), true)
    expect(read).toEqual([1, 2, 3])
  })

  it('reach a reader that comes after the end, and then the end', () => {
    const { answer, read, ends, start } = scene()
    answer.push(frame(1), true)
    answer.complete()
    start()
    expect(read).toEqual([1])
    expect(ends).toEqual([{ outcome: 'complete' }])
  })

  it('are held back while the reader is full, with what the upstream still sends', () => {
    const { answer, asked, read, ends, start } = scene()
    start(frame => numberOf(frame) !== 1)
    answer.push(frame(1), true)
    expect(answer.paused).toBe(true)
    answer.push(frame(2), true)
    answer.complete()
    expect({ read, ends, asked }).toEqual({ read: [1], ends: [], asked: ['pause'] })
    answer.resume()
    expect(read).toEqual([1, 2])
    expect(ends).toHaveLength(1)
    // It has ended: there is nothing left to resume.
    expect(asked).toEqual(['pause'])
  })

  it('let the upstream go on only when all that waited has been taken', () => {
    const { answer, asked, read, start } = scene()
    start(() => false)
    for (const number of [1, 2, 3]) answer.push(frame(number), true)
    answer.resume()
    expect({ read: [...read], asked: [...asked] }).toEqual({ read: [1, 2], asked: ['pause', 'pause'] })
    answer.resume()
    expect(asked).toEqual(['pause', 'pause', 'pause'])
    answer.resume()
    expect({ read, last: asked.at(-1) }).toEqual({ read: [1, 2, 3], last: 'resume' })
  })

  it('keep their order when a reader makes the upstream send more while the queue is emptied', () => {
    const { answer, read, start } = scene()
    answer.push(frame(1), true)
    answer.push(frame(2), true)
    start(taken => {
      if (numberOf(taken) === 1) answer.push(frame(3), true)
      return true
    })
    expect(read).toEqual([1, 2, 3])
  })

  it('come to nobody after the end', () => {
    const { answer, read, start } = scene()
    start()
    answer.complete()
    answer.push(frame(1), true)
    expect({ read, pushed: answer.pushed }).toEqual({ read: [], pushed: 0 })
  })

  it('reach the reader all and in order, and the end once and last, whatever happens when', () => {
    const step = fc.constantFrom('push', 'read', 'resume', 'full', 'free', 'complete', 'fail', 'abandon')
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        const { answer, read, ends, followed, start } = scene()
        let full = false
        let pushed = 0
        let reading = false
        const act: Record<typeof step extends fc.Arbitrary<infer S> ? S : never, () => void> = {
          push: () => answer.push(frame(answer.ended ? -1 : ++pushed), pushed > 1),
          read: () => {
            if (!reading) start(() => !full)
            reading = true
          },
          resume: () => answer.resume(),
          full: () => {
            full = true
          },
          free: () => {
            full = false
          },
          complete: () => answer.complete(),
          fail: () => answer.fail(broken),
          abandon: () => answer.abandon(left),
        }
        for (const name of steps) {
          const before = ends.length
          act[name]()
          if (before > 0) expect(ends).toHaveLength(1)
        }
        full = false
        act.read()
        answer.resume()
        answer.complete()
        const all = Array.from({ length: pushed }, (_, index) => index + 1)
        // A reader that leaves gives up what it has not taken.
        if (answer.ended?.outcome === 'abandoned') expect(all.slice(0, read.length)).toEqual(read)
        else expect(read).toEqual(all)
        expect(ends).toEqual([answer.ended])
        expect(followed).toEqual([answer.ended])
      }),
    )
  })
})

describe('the end of an answer', () => {
  it('is told once, the first of all that are said', () => {
    const { answer, ends, followed, asked, start } = scene()
    start()
    answer.usage = { inputTokens: 1, outputTokens: 2 }
    answer.fail(broken)
    answer.complete()
    answer.abandon(left)
    answer.breakOff(broken)
    expect(ends).toEqual([{ outcome: 'failed', failure: broken, usage: { inputTokens: 1, outputTokens: 2 } }])
    expect(followed).toEqual(ends)
    expect(asked).toEqual([])
  })

  it('is told at once to those who ask later', () => {
    const { answer } = scene()
    answer.complete()
    const late: End[] = []
    answer.onEnd(end => late.push(end))
    expect(late).toEqual([{ outcome: 'complete' }])
  })

  it.each(['before any frame', 'before the reader', 'while it reads', 'while it is held back'])(
    'stops the upstream and drops what waits when the reader leaves %s',
    moment => {
      const { answer, asked, read, ends, start } = scene()
      if (moment !== 'before any frame') answer.push(frame(1), true)
      if (moment === 'while it reads') start()
      if (moment === 'while it is held back') {
        start(() => false)
        answer.push(frame(2), true)
      }
      const taken = read.length
      answer.abandon(left)
      if (moment.startsWith('before')) start()
      expect(asked.at(-1)).toBe('abort cancelled')
      expect(read).toHaveLength(taken)
      expect(ends).toEqual([{ outcome: 'abandoned', failure: left }])
    },
  )

  it('follows what came before when we break it off ourselves', () => {
    const { answer, asked, read, ends, start } = scene()
    start(() => false)
    answer.push(frame(1), true)
    answer.push(frame(2), true)
    answer.breakOff(broken)
    expect({ ends, asked }).toEqual({ ends: [], asked: ['pause', 'abort broken_off'] })
    answer.resume()
    answer.resume()
    expect(read).toEqual([1, 2])
    expect(ends).toEqual([{ outcome: 'failed', failure: broken }])
  })

  it('reaches the reader and whoever waits for content although a listener throws', async () => {
    const { answer, ends, start } = scene()
    answer.onEnd(() => {
      throw new Error('a faulty listener')
    })
    start()
    const committed = answer.committed()
    expect(() => answer.fail(broken)).toThrow('a faulty listener')
    expect(ends).toHaveLength(1)
    await expect(committed).rejects.toBe(broken)
  })
})

describe('the commitment', () => {
  it('comes with the first content, not with a prelude', async () => {
    const { answer } = scene()
    const committed = answer.committed()
    answer.push(frame(1), false)
    expect(answer.isCommitted).toBe(false)
    answer.push(frame(2), true)
    expect(answer.isCommitted).toBe(true)
    await committed
    await answer.committed()
  })

  it('settles for everybody who waits', async () => {
    const { answer } = scene()
    const both = Promise.all([answer.committed(), answer.committed()])
    answer.push(frame(1), true)
    await both
  })

  it('holds when the answer ends well without any content', async () => {
    const { answer } = scene()
    const committed = answer.committed()
    answer.complete()
    await committed
    await answer.committed()
    expect(answer.isCommitted).toBe(false)
  })

  it.each(['fail', 'breakOff', 'abandon'] as const)('is refused when %s comes first', async end => {
    const { answer } = scene()
    const waiting = answer.committed()
    answer.push(frame(1), false)
    answer[end](broken)
    await expect(waiting).rejects.toBe(broken)
    // Also for those who ask only then: head and error event may come in one packet.
    await expect(answer.committed()).rejects.toBe(broken)
    expect(answer.isCommitted).toBe(false)
  })

  it('stands although the answer fails later', async () => {
    const { answer } = scene()
    answer.push(frame(1), true)
    answer.fail(broken)
    await answer.committed()
    expect(answer.isCommitted).toBe(true)
  })
})

describe('a whole answer', () => {
  it('is one frame and has ended', () => {
    const usage = { inputTokens: 1, outputTokens: 2 }
    const answer = wholeAnswer(one, new ObjectFrame([{ number: 1 }], false), { usage, model: 'm' })
    const read: unknown[] = []
    answer.read({ frame: frame => read.push(numberOf(frame)) > 0, end: end => read.push(end) })
    expect(read).toEqual([1, { outcome: 'complete', usage }])
    expect({ streamed: answer.streamed, model: answer.model, committed: answer.isCommitted }).toEqual({
      streamed: false,
      model: 'm',
      committed: true,
    })
  })
})
