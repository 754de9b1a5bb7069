import type { Deployment } from '../core/deployment.ts'
import type { JsonObject } from '../core/json.ts'
import type { Rates } from '../core/price.ts'
import { remembered } from '../core/remembered.ts'
import type { Request } from '../core/request.ts'

export function pricesWrites({ cacheWrite, cacheWrite1h }: Rates): boolean {
  return cacheWrite !== undefined || cacheWrite1h !== undefined
}

/**
 * Whether a model's host writes to its prompt cache only what a prompt marks: Anthropic's models do, everywhere. OpenAI's, which charge
 * for it from GPT-5.6 on, write by themselves (https://developers.openai.com/api/docs/guides/prompt-caching).
 */
export function writesWhatIsMarked(model: string): boolean {
  return /claude/i.test(model)
}

const marksInDefaults = remembered((defaults: JsonObject) => JSON.stringify(defaults).includes('cache_control'))

const CACHE_MARK = Buffer.from('cache_control')
const ESCAPE = Buffer.from('\\u00')

/** Whether a request may write to a provider's prompt cache, which costs more than to read it anew. */
export function mayWriteCache(
  { source, body }: Request,
  { defaults, model }: Pick<Deployment, 'defaults' | 'model'>,
): boolean {
  if (!writesWhatIsMarked(model) || marksInDefaults(defaults)) return true
  if (!source) return JSON.stringify(body).includes('cache_control')
  const { buffer, byteOffset, byteLength } = source.bytes.joined()
  const text = Buffer.from(buffer, byteOffset, byteLength)
  // The mark may be written with escapes, which only a look at the parsed body sees through.
  return text.includes(CACHE_MARK) || (text.includes(ESCAPE) && JSON.stringify(body).includes('cache_control'))
}
