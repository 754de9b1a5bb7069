import type { ContentBlockParam } from '@anthropic-ai/sdk/resources/messages'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../core/json.ts'
import { contentBlocks } from './content.ts'

const PDF = 'JVBERi0xLjQ='
const mark = { cache_control: { type: 'ephemeral' } } as const

describe('a part', () => {
  it.each<[string, Json, ContentBlockParam]>([
    [
      'an image by URL',
      { type: 'image_url', image_url: { url: 'https://x/y.png' }, ...mark },
      { type: 'image', source: { type: 'url', url: 'https://x/y.png' }, ...mark },
    ],
    [
      'an image by URL, in short',
      { type: 'image_url', image_url: 'http://x/y.png' },
      { type: 'image', source: { type: 'url', url: 'http://x/y.png' } },
    ],
    [
      'a JPEG by its wrong name',
      { type: 'image_url', image_url: { url: 'data:IMAGE/JPG;base64,/9j/' } },
      { type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: '/9j/' } },
    ],
    [
      'a PDF as an image',
      { type: 'image_url', image_url: { url: `data:application/pdf;base64,${PDF}` } },
      { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: PDF } },
    ],
    [
      'a file',
      { type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${PDF}` }, ...mark },
      {
        type: 'document',
        source: { type: 'base64', media_type: 'application/pdf', data: PDF },
        title: 'a.pdf',
        ...mark,
      },
    ],
    [
      'a file of bare base64',
      { type: 'file', file: { file_data: PDF } },
      { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: PDF } },
    ],
    [
      'a text file',
      { type: 'file', file: { file_data: 'data:text/plain;charset=utf-8;base64,w6TDtg==' } },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'äö' } },
    ],
    [
      'a text file in the clear',
      { type: 'file', file: { file_data: 'data:text/plain,a%20b' } },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'a b' } },
    ],
    [
      'a file by id',
      { type: 'file', file: { file_id: 'file_1' } },
      { type: 'document', source: { type: 'file', file_id: 'file_1' } } as ContentBlockParam,
    ],
    [
      'a file by URL',
      { type: 'file', file: { file_id: 'https://x/a.pdf', filename: 'a' } },
      { type: 'document', source: { type: 'url', url: 'https://x/a.pdf' }, title: 'a' },
    ],
    [
      "a block of Anthropic's own",
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'x' }, citations: { enabled: true } },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'x' }, citations: { enabled: true } },
    ],
  ])('%s', (_name, part, block) => {
    expect(contentBlocks([part], 'p')).toEqual([block])
  })

  it.each<[Json, string]>([
    [{ type: 'image_url' }, 'p[0].image_url.url'],
    [{ type: 'image_url', image_url: { url: 'ftp://x/y.png' } }, 'p[0].image_url.url'],
    [{ type: 'image_url', image_url: { url: 'data:image/png;base64' } }, 'p[0].image_url.url'],
    [{ type: 'image_url', image_url: { url: 'data:image/png;base64,' } }, 'p[0].image_url.url'],
    [{ type: 'image_url', image_url: { url: 'data:image/png;base64,%%%' } }, 'p[0].image_url.url'],
    [{ type: 'image_url', image_url: { url: 'data:image/png,abc' } }, 'p[0].image_url.url'],
    [{ type: 'image_url', image_url: { url: 'data:image/svg+xml;base64,PHN2Zz4=' } }, 'p[0].image_url.url'],
    [{ type: 'file', file: 'x' }, 'p[0].file'],
    [{ type: 'file', file: {} }, 'p[0].file'],
    [{ type: 'file', file: { file_data: 'not base64!' } }, 'p[0].file.file_data'],
    [{ type: 'file', file: { file_data: 'data:text/plain,%zz' } }, 'p[0].file.file_data'],
    [{ type: 'video_url', video_url: {} }, 'p[0].type'],
  ])('%j is refused at %s', (part, param) => {
    expect(() => contentBlocks([part], 'p')).toThrow(expect.objectContaining({ kind: 'invalid_request', param }))
  })
})
