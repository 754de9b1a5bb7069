import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../core/json.ts'
import type { Request } from '../core/request.ts'
import { inputTokenBounds } from './bounds.ts'
import { CLOSED, said, text } from './client-bodies.fixture.ts'

const chat = (body: JsonObject): Request => ({ operation: 'chat', streamed: false, body })
/** What it is that the gateway cannot see. */
const OPEN: Readonly<Record<string, JsonObject>> = {
  "Anthropic's document at an address": said({ type: 'document', source: { type: 'url', url: 'https://example.com' } }),
  'a picture within a document of parts': said({
    type: 'document',
    source: { type: 'content', content: [{ type: 'image', source: { type: 'url', url: 'https://example.com' } }] },
  }),
  'a picture beside a text without a type': said({ text: 'a', image_url: { url: 'https://example.com/a.png' } }),
  'a content that is one part': {
    messages: [{ role: 'user', content: { image_url: { url: 'https://example.com' } } }],
  },
  'a search in an extra body': { ...said(text), extra_body: { web_search_options: {} } },
  'a tool of the host in an extra body': { ...said(text), extra_body: { tools: [{ type: 'web_search' }] } },
  'a cache that was filled before': { ...said(text), extra_body: { google: { cached_content: 'cachedContents/1' } } },
  "Gemini's search": { ...said(text), tools: [{ google_search: {} }] },
  'a tool of the host': {
    ...said(text),
    tools: [{ type: 'function', function: { name: 'look' } }, { type: 'web_search' }],
  },
  'options of a search': { ...said(text), web_search_options: {} },
}

describe('the input of a chat', () => {
  it.each(Object.entries(CLOSED))('is what stands in it: %s', (_, body) => {
    expect(inputTokenBounds(chat(body)).open).toBe(false)
  })

  it.each(Object.entries(OPEN))('is more than what stands in it: %s', (_, body) => {
    expect(inputTokenBounds(chat(body)).open).toBe(true)
  })
})

describe('the input of embeddings', () => {
  it.each<[string, JsonObject, boolean]>([
    ['texts', { input: ['a', 'b'] }, false],
    ['tokens', { input: [[1, 2], [3]] }, false],
    ['parts of text', { input: [{ text: 'a' }, { type: 'text', text: 'a' }] }, false],
    ['pictures', { input: [{ image: 'https://example.com/a.png' }] }, true],
    ['pictures among parts', { input: [{ content: [{ type: 'image_url', image_url: 'https://example.com' }] }] }, true],
  ])('of %s', (_, body, open) => {
    expect(inputTokenBounds({ operation: 'embedding', streamed: false, body }).open).toBe(open)
  })
})
