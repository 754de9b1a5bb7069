import { isKeyId, openKeyHash } from '../access/key-hash.ts'
import type { Store } from '../store/store.ts'

/** The id of a key that is named by itself or by its id; LiteLLM takes either wherever it says `api_key`. */
export async function keyIdOf(store: Store, said: string | undefined): Promise<string | undefined> {
  if (said === undefined || !said.startsWith('sk-') || isKeyId(said)) return said
  return (await openKeyHash(store)).idOf(said)
}
