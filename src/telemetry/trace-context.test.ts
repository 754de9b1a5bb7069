import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hexIds, parseTraceparent, traceparentHeaders } from './trace-context.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'

test('reads a valid traceparent', () => {
  expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`)).toEqual({
    traceId: TRACE,
    spanId: SPAN,
    traceFlags: 1,
    isRemote: true,
  })
})

test('of the flags only "sampled" is kept', () => {
  expect(parseTraceparent(`00-${TRACE}-${SPAN}-fe`)?.traceFlags).toBe(0)
})

test('a later version may have more fields', () => {
  expect(parseTraceparent(`01-${TRACE}-${SPAN}-01-more`)?.traceId).toBe(TRACE)
})

test.each([
  ['absent', undefined],
  ['empty', ''],
  ['words', 'not a traceparent'],
  ['upper case', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
  ['trace id of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
  ['span id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['forbidden version', `ff-${TRACE}-${SPAN}-01`],
  ['version 00 with more fields', `00-${TRACE}-${SPAN}-01-more`],
  ['short', `00-${TRACE.slice(1)}-${SPAN}-01`],
  ['two headers in one', `00-${TRACE}-${SPAN}-01,00-${TRACE}-${SPAN}-01`],
])('ignores a traceparent that is %s', (_, traceparent) => {
  expect(parseTraceparent(traceparent)).toBeUndefined()
})

test('never throws, whatever a client sends', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (traceparent, tracestate) => {
      parseTraceparent(traceparent, tracestate)
      parseTraceparent(`00-${TRACE}-${SPAN}-01`, tracestate)
    }),
  )
})

test('writes what it reads, tracestate included', () => {
  const parent = parseTraceparent(`00-${TRACE}-${SPAN}-01`, 'vendor=value,other=1')
  expect(parent && traceparentHeaders(parent)).toEqual([
    'traceparent',
    `00-${TRACE}-${SPAN}-01`,
    'tracestate',
    'vendor=value,other=1',
  ])
})

test.each([8, 16])('ids of %s bytes are hexadecimal digits and do not repeat when more are drawn', idBytes => {
  const next = hexIds(idBytes)
  const ids = Array.from({ length: 2_000 }, next)
  expect(new Set(ids).size).toBe(2_000)
  for (const id of ids) expect(id).toMatch(new RegExp(`^[0-9a-f]{${idBytes * 2}}$`))
})

test('all that is drawn is used', () => {
  const drawn = Uint8Array.from({ length: 4_096 }, (_, index) => index % 256)
  const next = hexIds(16, bytes => bytes.set(drawn))
  const expected = Buffer.from(drawn).toString('hex')
  expect(Array.from({ length: 256 }, next).join('')).toBe(expected)
})
