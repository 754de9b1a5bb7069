import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import { invalid } from './refusal.ts'

/** Blocks in Anthropic's own shape that clients may put among OpenAI's parts. */
const NATIVE = new Set(['image', 'document', 'search_result', 'container_upload', 'thinking', 'redacted_thinking'])
const IMAGES = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp'])
const DATA_URL = /^data:([^;,]*)((?:;[^;,]*)*),/
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/**
 * The content of an OpenAI message as Anthropic's blocks. Blank text is left out: Anthropic refuses it.
 * @throws Failure `invalid_request` with the path of the part that cannot be written.
 */
export function contentBlocks(content: Json | undefined, path: string): JsonObject[] {
  if (content === undefined || content === null) return []
  if (typeof content === 'string') return textBlocks(content)
  if (!Array.isArray(content)) throw invalid(path, 'must be a string or an array of parts')
  return content.flatMap((part: Json, index) => partBlocks(part, `${path}[${index}]`))
}

function partBlocks(part: Json, path: string): JsonObject[] {
  if (typeof part === 'string') return textBlocks(part)
  if (!isObject(part)) throw invalid(path, 'must be an object')
  return writePart(part, path).map(block => withCacheControl(block, part.cache_control))
}

function writePart(part: JsonObject, path: string): JsonObject[] {
  switch (part.type) {
    case 'text':
    case 'refusal': {
      const text = part[part.type]
      if (typeof text !== 'string') throw invalid(`${path}.${part.type}`, 'must be a string')
      return textBlocks(text)
    }
    case 'image_url':
      return [imageBlock(part.image_url, `${path}.image_url`)]
    case 'file':
      return [fileBlock(part.file, `${path}.file`)]
    default:
      if (typeof part.type === 'string' && NATIVE.has(part.type)) return [part]
      throw invalid(`${path}.type`, `Anthropic takes no parts of type ${JSON.stringify(part.type ?? null)}`)
  }
}

/** No block for blank text, else one. */
export function textBlocks(text: string): JsonObject[] {
  return text.trim() === '' ? [] : [{ type: 'text', text }]
}

/** The block with a mark for the prompt cache, if there is one. */
export function withCacheControl(block: JsonObject, cacheControl: Json | undefined): JsonObject {
  return cacheControl ? { ...block, cache_control: cacheControl } : block
}

function imageBlock(image: Json | undefined, path: string): JsonObject {
  const url = isObject(image) ? image.url : image
  if (typeof url !== 'string') throw invalid(`${path}.url`, 'must be a string')
  if (/^https?:\/\//i.test(url)) return { type: 'image', source: { type: 'url', url } }
  if (!url.startsWith('data:')) throw invalid(`${path}.url`, 'must be an http(s) URL or a data URL')
  return dataBlock(url, `${path}.url`)
}

function fileBlock(file: Json | undefined, path: string): JsonObject {
  if (!isObject(file)) throw invalid(path, 'must be an object')
  const { file_data: data, file_id: id, filename } = file
  const title = typeof filename === 'string' && filename !== '' ? { title: filename } : {}
  if (typeof data === 'string') {
    const url = data.startsWith('data:') ? data : `data:application/pdf;base64,${data}`
    const block = dataBlock(url, `${path}.file_data`)
    return block.type === 'document' ? { ...block, ...title } : block
  }
  if (typeof id !== 'string') throw invalid(path, 'must have file_data or file_id')
  const source = /^https?:\/\//i.test(id) ? { type: 'url', url: id } : { type: 'file', file_id: id }
  return { type: 'document', source, ...title }
}

/** What a data URL holds: an image, a PDF or plain text. */
function dataBlock(url: string, path: string): JsonObject {
  const match = DATA_URL.exec(url)
  if (!match) throw invalid(path, 'is not a data URL of the form data:TYPE;base64,DATA')
  const type = mediaType(match[1] ?? '')
  const data = url.slice(match[0].length)
  const encoded = /;\s*base64$/i.test(match[2] ?? '')
  if (type === 'text/plain') {
    const text = encoded ? Buffer.from(checked(data, path), 'base64').toString('utf8') : decoded(data, path)
    return { type: 'document', source: { type: 'text', media_type: type, data: text } }
  }
  if (type !== 'application/pdf' && !IMAGES.has(type)) {
    throw invalid(path, `Anthropic takes JPEG, PNG, GIF, WebP, PDF and plain text, not ${JSON.stringify(type)}`)
  }
  if (!encoded) throw invalid(path, 'must be base64')
  const source = { type: 'base64', media_type: type, data: checked(data, path) }
  return { type: type === 'application/pdf' ? 'document' : 'image', source }
}

function mediaType(given: string): string {
  const type = given.trim().toLowerCase()
  return type === 'image/jpg' ? 'image/jpeg' : type
}

function checked(data: string, path: string): string {
  if (!BASE64.test(data)) throw invalid(path, 'is empty or not base64')
  return data
}

function decoded(data: string, path: string): string {
  try {
    return decodeURIComponent(data)
  } catch {
    throw invalid(path, 'is not percent-encoded text')
  }
}
