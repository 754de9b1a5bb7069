import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { expect, test } from 'vitest'
import { LatePipeline, type Pipeline } from './late-pipeline.ts'

const span = (name: string) => ({ name }) as ReadableSpan

/** One whose loading the test ends. */
function late(limit = 10) {
  const passed: string[] = []
  const told: unknown[] = []
  const loaded: Pipeline = {
    resource: { attributes: { here: true } } as unknown as Pipeline['resource'],
    onEnd: ({ name }) => void passed.push(name),
    flush: async () => void passed.push('(flush)'),
    shutdown: async () => void passed.push('(shutdown)'),
  }
  let loads = 0
  let settle: { finish: () => void; fail: (error: Error) => void } | undefined
  const load = () => {
    loads++
    return new Promise<Pipeline>((resolve, reject) => {
      settle = { finish: () => resolve(loaded), fail: reject }
    })
  }
  const pipeline = new LatePipeline({ load, limit, onError: error => told.push(error) })
  const [finish, fail] = [() => settle?.finish(), (error: Error) => settle?.fail(error)]
  return { pipeline, passed, told, finish, fail, loads: () => loads }
}

test('nothing is loaded for nobody, and there is nothing to flush', async () => {
  const { pipeline, passed, loads } = late()
  await pipeline.flush()
  await pipeline.shutdown()
  expect([loads(), passed]).toEqual([0, []])
})

test('the first span loads it, once; those that end meanwhile come first, in their order', async () => {
  const { pipeline, passed, finish, loads } = late()
  for (const name of ['a', 'b']) pipeline.onEnd(span(name))
  const flushed = pipeline.flush()
  pipeline.onEnd(span('c'))
  expect([loads(), passed]).toEqual([1, []])
  finish()
  await flushed
  pipeline.onEnd(span('d'))
  expect(pipeline.resource.attributes).toEqual({ here: true })
  await pipeline.shutdown()
  expect([loads(), passed]).toEqual([1, ['a', 'b', 'c', '(flush)', 'd', '(shutdown)']])
})

test('no more wait than may', async () => {
  const { pipeline, passed, finish } = late(2)
  for (const name of ['a', 'b', 'c']) pipeline.onEnd(span(name))
  finish()
  await pipeline.flush()
  expect(passed).toEqual(['a', 'b', '(flush)'])
})

test('one that cannot be loaded is told once, keeps nothing, and a flush rejects', async () => {
  const { pipeline, told, fail, loads } = late()
  const error = new Error('there is no such package')
  pipeline.onEnd(span('a'))
  fail(error)
  await expect(pipeline.flush()).rejects.toBe(error)
  pipeline.onEnd(span('b'))
  await expect(pipeline.shutdown()).rejects.toBe(error)
  expect([loads(), told]).toEqual([1, [error]])
})
