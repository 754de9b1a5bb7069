import { describe, expect, it } from 'vitest'
import { Failure } from '../core/failure.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { type Found, LookupCache, type LookupOptions } from './lookup-cache.ts'

/** A table of texts, and what was asked of it. */
function lookups(options: Partial<LookupOptions<string>> = {}) {
  const clock = new FakeClock()
  const rows = new Map<string, string>([['a', 'A']])
  const asked: (readonly string[])[] = []
  let fault: Failure | undefined
  let gate: Promise<void> | undefined
  const load = async (ids: readonly string[]) => {
    asked.push(ids)
    const read = new Map<string, Found<string>>()
    for (const id of ids) {
      const value = rows.get(id)
      if (value !== undefined) read.set(id, { value, from: [`row:${id}`, 'team:t'] })
    }
    await gate
    if (fault) throw fault
    return read
  }
  const cache = new LookupCache<string>({ what: 'row', load, clock, max: 3, freshMs: 60_000, ...options })
  return {
    cache,
    clock,
    rows,
    asked,
    fail: (failure: Failure | undefined) => {
      fault = failure
    },
    hold: () => {
      let open = () => {}
      gate = new Promise(resolve => {
        open = resolve
      })
      return () => {
        gate = undefined
        open()
      }
    },
  }
}

const away = new Failure('unavailable', 'the store is away')

describe('what is known', () => {
  it('is told without a promise', async () => {
    const { cache, asked } = lookups()
    expect(await cache.get('a')).toBe('A')
    expect(cache.get('a')).toBe('A')
    expect(asked).toEqual([['a']])
  })

  it('is forgotten when anything that it was made of changes', async () => {
    const { cache, rows } = lookups()
    for (const name of ['row:a', 'team:t']) {
      await cache.get('a')
      rows.set('a', `A after ${name}`)
      cache.changed(name)
      expect(await cache.get('a')).toBe(`A after ${name}`)
    }
  })

  it('is not kept when it changed while it was read', async () => {
    const { cache, rows, hold } = lookups()
    const open = hold()
    const old = cache.get('a')
    await Promise.resolve()
    rows.set('a', 'new')
    cache.changed('row:a')
    open()
    expect(await old).toBe('A')
    expect(await cache.get('a')).toBe('new')
  })

  it('is looked up again beside its use when it is old, and stays while the store is away', async () => {
    const { cache, clock, rows, fail } = lookups()
    await cache.get('a')
    rows.set('a', 'new')
    clock.advance(60_000)
    fail(away)
    expect(cache.get('a')).toBe('A')
    await clock.advanceAsync(1)
    expect(cache.get('a')).toBe('A')
    fail(undefined)
    await clock.advanceAsync(10_000)
    expect(cache.get('a')).toBe('A')
    await clock.advanceAsync(1)
    expect(cache.get('a')).toBe('new')
  })

  it('is refused after a change while the store is away, and nothing else is', async () => {
    const { cache, rows, fail } = lookups()
    rows.set('b', 'B')
    for (const id of ['a', 'b']) await cache.get(id)
    fail(away)
    cache.changed('row:a')
    await expect(cache.get('a')).rejects.toMatchObject({ kind: 'unavailable', code: 'store_unavailable' })
    expect(cache.get('b')).toBe('B')
    fail(undefined)
    expect(await cache.get('a')).toBe('A')
  })

  it('ends to the millisecond', async () => {
    const { cache, clock, asked } = lookups({
      load: async ids => new Map(ids.map(id => [id, { value: 'A', from: [], forMs: 1_000 }])),
    })
    await cache.get('a')
    clock.advance(999)
    expect(cache.get('a')).toBe('A')
    clock.advance(1)
    expect(cache.get('a')).toBeInstanceOf(Promise)
    expect(asked).toEqual([])
  })

  it('is bounded: what was not asked for goes first', async () => {
    const { cache, rows, asked } = lookups()
    for (const id of ['b', 'c', 'd']) rows.set(id, id)
    for (const id of ['a', 'b', 'c']) await cache.get(id)
    cache.get('a')
    await cache.get('d')
    expect(cache.size).toBe(3)
    expect(cache.get('a')).toBe('A')
    expect(await cache.get('b')).toBe('b')
    expect(asked.flat()).toEqual(['a', 'b', 'c', 'd', 'b'])
  })
})

it('makes room for several at once when it is full, and never holds more than it may', async () => {
  const { cache, rows } = lookups({ max: 300 })
  const sizes: number[] = []
  for (let count = 0; count < 1_000; count++) {
    rows.set(`n${count}`, 'N')
    await cache.get(`n${count}`)
    sizes.push(cache.size)
  }
  expect(Math.max(...sizes)).toBe(300)
  expect(Math.min(...sizes.slice(300))).toBe(297)
  expect(cache.get('n999')).toBe('N')
})

describe('what is not known', () => {
  it('is looked up once for all who ask, and several in one query', async () => {
    const { cache, rows, asked, hold } = lookups()
    rows.set('b', 'B')
    const open = hold()
    const all = ['a', 'b', 'x', 'b', 'a'].map(id => cache.get(id))
    open()
    expect(await Promise.all(all)).toEqual(['A', 'B', undefined, 'B', 'A'])
    expect(asked).toEqual([['a'], ['b', 'x']])
  })

  it('costs nothing for some seconds when it does not exist', async () => {
    const { cache, clock, rows, asked } = lookups()
    expect(await cache.get('x')).toBeUndefined()
    for (let count = 0; count < 100; count++) expect(cache.get('x')).toBeUndefined()
    rows.set('x', 'X')
    clock.advance(5_000)
    expect(await cache.get('x')).toBe('X')
    expect(asked).toEqual([['x'], ['x']])
  })

  it('is refused while the store is away, and not remembered as missing', async () => {
    const { cache, fail } = lookups()
    fail(away)
    await expect(cache.get('a')).rejects.toMatchObject({ kind: 'unavailable', code: 'store_unavailable' })
    fail(undefined)
    expect(await cache.get('a')).toBe('A')
  })

  it('is refused after five seconds by a store that never answers, and looked up when it does', async () => {
    const { cache, clock, hold } = lookups()
    hold()
    const refused = Promise.allSettled([cache.get('a'), cache.get('b')])
    await clock.advanceAsync(5_000)
    expect((await refused).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    const open = hold()
    open()
    await clock.advanceAsync(5_000)
    expect(await cache.get('a')).toBe('A')
    expect(clock.timers).toBe(0)
  })

  it('R: a flood of names that do not exist is bounded in memory and in queries', async () => {
    const { cache, asked, hold } = lookups()
    const open = hold()
    const first = cache.get('first')
    const waiting: unknown[] = []
    let refused = 0
    for (let count = 0; count < 20_000; count++) {
      try {
        waiting.push(cache.get(`x${count}`))
      } catch (error) {
        expect(error).toMatchObject({ kind: 'unavailable' })
        refused++
      }
    }
    expect(refused).toBe(15_000)
    open()
    await Promise.all([first, ...waiting])
    expect(asked.length).toBe(1 + 5_000 / 200)
    expect(cache.size).toBe(0)
  })
})
