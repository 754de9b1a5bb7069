import { expect, test } from 'vitest'
import type { Event } from '../core/event.ts'
import { fanOut } from './listeners.ts'
import { call, manualClock } from './scripted-call.ts'

const event: Event = { type: 'call-start', call: call(manualClock(), () => {}) }

test('every listener hears every event, in order', () => {
  const heard: string[] = []
  const emit = fanOut([() => heard.push('a'), () => heard.push('b')])
  emit(event)
  emit(event)
  expect(heard).toEqual(['a', 'b', 'a', 'b'])
})

test('a listener that throws harms neither the call nor the others, and is reported', () => {
  const heard: Event[] = []
  const errors: unknown[] = []
  const emit = fanOut(
    [
      () => {
        throw new Error('broken')
      },
      each => heard.push(each),
    ],
    (error, which) => errors.push(error, which.type),
  )
  emit(event)
  expect(heard).toEqual([event])
  expect(errors).toEqual([new Error('broken'), 'call-start'])
})

test('the only listener is isolated as well, also when it is an async function', async () => {
  const reported = new Promise(resolve => {
    const emit = fanOut([() => Promise.reject(new Error('later'))], error => resolve(error))
    emit(event)
  })
  expect(await reported).toEqual(new Error('later'))
})

test('a reporter that throws is silenced', () => {
  const broken = () => {
    throw new Error('broken')
  }
  expect(() => fanOut([broken], broken)(event)).not.toThrow()
})

test('a list that changes afterwards changes nothing', () => {
  const heard: string[] = []
  const listeners = [() => void heard.push('a'), () => void heard.push('b')]
  const emit = fanOut(listeners)
  listeners.pop()
  emit(event)
  expect(heard).toEqual(['a', 'b'])
})

test('without listeners there is nothing to call', () => {
  expect(fanOut([])(event)).toBeUndefined()
})
