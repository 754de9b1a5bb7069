import { expect, it } from 'vitest'
import type { JsonObject } from '../core/json.ts'
import { exchangesOf } from './exchange.fixture.ts'
import type { Exchange } from './exchange.ts'

function watch(exchange: Exchange | undefined) {
  const heard: [string, JsonObject][] = []
  const gone: string[] = []
  const seen = { heard, gone, missed: 0 }
  exchange?.subscribe({
    heard: (message, from) => heard.push([from, message]),
    gone: replica => gone.push(replica),
    missed: () => {
      seen.missed++
    },
  })
  return seen
}

/** Everything arrives within the turn in which it was sent. */
const atOnce = (action: () => void) => action()

it('what one tells is heard by all others, and not by itself', () => {
  const { exchanges } = exchangesOf(['1', '2', '3'], atOnce)
  const [first, second, third] = exchanges.map(watch)
  exchanges[0]?.publish({ type: 'x', n: 1 })
  expect(first?.heard).toEqual([])
  expect(second?.heard).toEqual([['1', { type: 'x', n: 1 }]])
  expect(third?.heard).toEqual([['1', { type: 'x', n: 1 }]])
})

it('each knows how many they are and which of them it is, and is asked to tell again when one is new', () => {
  const { exchanges, start, hub } = exchangesOf(['1', '2'], atOnce)
  const [first, second] = exchanges
  const seen = watch(first)
  expect([first?.members(), first?.rank(), second?.members(), second?.rank()]).toEqual([2, 0, 2, 1])
  const third = start('3')
  expect([first?.members(), second?.members(), third.members(), third.rank()]).toEqual([3, 3, 3, 2])
  expect(seen.missed).toBe(1)
  hub.gone('2')
  expect(seen.gone).toEqual(['2'])
  expect([first?.members(), third.members(), third.rank()]).toEqual([2, 2, 1])
})

it('one that leaves is gone for the others, hears nothing and tells nothing any more', async () => {
  const { exchanges } = exchangesOf(['1', '2'], atOnce)
  const [first, second] = exchanges.map(watch)
  await exchanges[1]?.close()
  await exchanges[1]?.close()
  exchanges[0]?.publish({ n: 1 })
  exchanges[1]?.publish({ n: 2 })
  expect(first).toMatchObject({ gone: ['2'], heard: [] })
  expect(second?.heard).toEqual([])
  expect(exchanges[0]?.members()).toBe(1)
})
