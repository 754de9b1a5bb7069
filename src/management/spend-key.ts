import { isKeyId } from '../access/key-hash.ts'
import type { OperationContext } from './operation.ts'

/** The id of a key that is named by itself or by its id; LiteLLM takes either wherever it says `api_key`. */
export function keyIdOf({ keyHash }: OperationContext, said: string | undefined): string | undefined {
  return said?.startsWith('sk-') && !isKeyId(said) ? keyHash?.idOf(said) : said
}
