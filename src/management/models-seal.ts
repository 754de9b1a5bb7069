import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { Failure } from '../core/failure.ts'
import { Secret } from '../core/secret.ts'

/** Makes texts unreadable to whoever has the database and not the key. */
export interface Sealer {
  /** `about` names what is sealed: a sealed text that was moved to another thing cannot be opened there. */
  seal(text: string, about: string): string
  /** @throws Failure `internal` when it was sealed with another key, about something else, or was changed. */
  open(sealed: string, about: string): string
}

/**
 * The secret that credentials are sealed with: TOLLGATE_SALT_KEY, else LITELLM_SALT_KEY, else the master key; whoever
 * changes it must store the models anew. Undefined: there is none. @throws Failure when a variable is set and empty.
 */
export function saltKeyOf(
  env: Readonly<Record<string, string | undefined>>,
  masterKey: Secret | undefined,
): Secret | undefined {
  for (const name of ['TOLLGATE_SALT_KEY', 'LITELLM_SALT_KEY']) {
    const value = env[name]
    if (value === '') throw new Failure('invalid_request', `${name} is empty: set a long random text, or unset it`)
    if (value !== undefined) return new Secret(value)
  }
  return masterKey
}

const VERSION = 'v1'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * AES-256-GCM (NIST SP 800-38D) with a nonce of 96 random bits and a key that HKDF-SHA256 (RFC 5869) derives from a
 * secret of the operator's. A sealed text is `v1.` and the base64url of nonce, ciphertext and tag.
 */
export function openSealer(secret: Secret): Sealer {
  const key = Buffer.from(hkdfSync('sha256', secret.reveal(), 'tollgate', 'model credentials', 32))
  return {
    seal(text, about) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(about))
      const bytes = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return `${VERSION}.${bytes.toString('base64url')}`
    },
    open(sealed, about) {
      try {
        return opened(sealed, { key, about })
      } catch (cause) {
        const advice = 'start with the TOLLGATE_SALT_KEY (or master key) that it was stored with'
        throw new Failure('internal', `the credentials of ${about} cannot be opened: ${advice}`, { cause })
      }
    },
  }
}

function opened(sealed: string, { key, about }: { readonly key: Buffer; readonly about: string }): string {
  const [version, text = ''] = sealed.split('.')
  const bytes = Buffer.from(text, 'base64url')
  if (version !== VERSION || bytes.length < NONCE_BYTES + TAG_BYTES) throw new RangeError('it is no sealed text')
  const options = { authTagLength: TAG_BYTES } as const
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), options)
  decipher.setAAD(Buffer.from(about)).setAuthTag(bytes.subarray(-TAG_BYTES))
  const plain = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES))
  return Buffer.concat([plain, decipher.final()]).toString('utf8')
}
