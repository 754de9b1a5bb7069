import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../testing/fake-clock.ts'
import type { PostBatch } from '../authority.ts'
import { Contact } from './contact.ts'
import { Gate } from './gate.ts'
import { Poster } from './poster.ts'

const GATHER_MS = 250

function setUp() {
  const clock = new FakeClock()
  const batches: PostBatch[] = []
  let answer: () => void = () => {}
  const authority = {
    post: (_replica: string, batch: PostBatch) => {
      batches.push(batch)
      const taken = { written: batch.rows.map(({ id }) => id), crossed: [] }
      return new Promise<typeof taken>(resolve => {
        answer = () => resolve(taken)
      })
    },
  }
  const poster = new Poster({
    authority,
    replica: 'r',
    journal: undefined,
    contact: new Contact(),
    gate: new Gate(),
    clock,
    backlog: { rows: 10_000, bytes: 1 << 20 },
    onCrossing: () => {},
    onTrouble: () => {},
    onRefused: () => {},
  })
  let rows = 0
  const add = (count: number) => {
    for (let left = count; left > 0; left--)
      poster.add({ id: `${rows++}`, text: '{}', shared: [], charge: 1n, purses: [], counted: [], entry: undefined })
  }
  const settle = () => new Promise(resolve => setImmediate(resolve))
  return {
    add,
    sizes: async () => {
      await settle()
      return batches.map(batch => batch.rows.length)
    },
    answer: async () => {
      answer()
      await settle()
    },
    clock,
  }
}

describe('rows on their way to the store', () => {
  it('are gathered for a while where they are few', async () => {
    const { add, sizes, clock } = setUp()
    add(3)
    await clock.advance(GATHER_MS - 1)
    expect(await sizes()).toEqual([])
    await clock.advance(1)
    expect(await sizes()).toEqual([3])
  })

  it('do not wait for more when they are many', async () => {
    const { add, sizes } = setUp()
    add(127)
    expect(await sizes()).toEqual([])
    add(1)
    expect(await sizes()).toEqual([128])
  })

  it('go with all that has come while a batch was under way, up to a thousand', async () => {
    const { add, sizes, answer } = setUp()
    add(128)
    add(1_200)
    expect(await sizes()).toEqual([128])
    await answer()
    expect(await sizes()).toEqual([128, 1_000])
    await answer()
    expect(await sizes()).toEqual([128, 1_000, 200])
  })
})
