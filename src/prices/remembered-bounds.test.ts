import { expect, test } from 'vitest'
import type { Request } from '../core/request.ts'
import { inputTokenBounds } from './bounds.ts'
import { rememberedBounds } from './remembered-bounds.ts'

const saying = (content: string): Request => ({
  operation: 'chat',
  streamed: false,
  body: { model: 'm', messages: [{ role: 'user', content }] },
})

test('are those of the request that is asked about, in whatever order', () => {
  const boundsOf = rememberedBounds()
  const [one, other] = [saying('one'), saying('quite another prompt')]
  for (const request of [one, one, other, one, other, other])
    expect(boundsOf(request)).toEqual(inputTokenBounds(request))
})

test('are made once for requests that follow each other', () => {
  const boundsOf = rememberedBounds()
  const request = saying('one')
  expect(boundsOf(request)).toBe(boundsOf(request))
})
