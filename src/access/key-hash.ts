import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { Failure } from '../core/failure.ts'
import { Secret } from '../core/secret.ts'
import type { Store } from '../store/store.ts'

const RANDOM_BYTES = 32
const PEPPER = 'key_pepper'
const LEAST_PEPPER = 16

/** No key is longer: neither a header nor a cache is made to carry more. */
export const MAX_KEY_LENGTH = 256

/** A new virtual key: `sk-` and 256 random bits in base64url. It is shown once and stored nowhere. */
export function newKey(): string {
  return `sk-${randomBytes(RANDOM_BYTES).toString('base64url')}`
}

/** What people know a key by: `sk-...abcd`. */
export function keyName(key: string): string {
  return `sk-...${key.slice(-4)}`
}

/** Turns keys into the ids under which they are stored: HMAC-SHA256 under the store's pepper, in hexadecimal. */
export class KeyHash {
  readonly #pepper: Secret

  constructor(pepper: Secret) {
    this.#pepper = pepper
  }

  idOf(key: string): string {
    return createHmac('sha256', this.#pepper.reveal()).update(key).digest('hex')
  }
}

/** In constant time, once the lengths are equal, which tell nothing. */
export function isSameId(id: string, other: string): boolean {
  const [one, two] = [Buffer.from(id), Buffer.from(other)]
  return one.length === two.length && timingSafeEqual(one, two)
}

/** Whether a text has the form of an id, as LiteLLM's API takes it in the place of the key. */
export function isKeyId(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text)
}

/**
 * The hash of a store's keys. Its pepper is made when the store is first used and stays in it; whoever sets
 * TOLLGATE_KEY_PEPPER keeps it outside, so that a copy of the store says nothing about keys of people's own making.
 * @throws Failure `invalid_request` when the pepper that was set is too short to be one.
 */
export async function openKeyHash(store: Pick<Store, 'transaction'>, set?: Secret): Promise<KeyHash> {
  if (set) return new KeyHash(longEnough(set))
  const made = randomBytes(RANDOM_BYTES).toString('base64url')
  const kept = await store.transaction(async trx => {
    await trx
      .insertInto('meta')
      .values({ name: PEPPER, value: made })
      .onConflict(conflict => conflict.column('name').doNothing())
      .execute()
    return trx.selectFrom('meta').select('value').where('name', '=', PEPPER).executeTakeFirstOrThrow()
  })
  return new KeyHash(new Secret(kept.value))
}

function longEnough(pepper: Secret): Secret {
  if (pepper.reveal().length >= LEAST_PEPPER) return pepper
  throw new Failure('invalid_request', `TOLLGATE_KEY_PEPPER must have at least ${LEAST_PEPPER} characters`)
}
