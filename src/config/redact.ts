import type { JsonObject } from '../core/json.ts'
import { variableOf } from './environment.ts'
import { nearest } from './near-miss.ts'
import { isTree, type Tree, type Value } from './tree.ts'

const MASK = '***'

/** Names whose values are secrets, wherever they stand. `max_tokens` and the like are not among them. */
const SECRET_NAME =
  /(^|[_-])(key|api_?key|secret|secret_key|password|passwd|token|credentials?|authorization|webhook|access_key_id)$/i

/** Prices, which are `..._cost_per_token`. */
const PER_TOKEN = /_per_([a-z]+_)*token$/i

/** Maps whose every value may be a secret. */
const SECRET_MAP = /^(environment_variables|credential_values|headers|extra_headers|alert_to_webhook_url)$/i

/** What is often misspelt: a slip must not show a secret either, and not send it upstream. */
const OFTEN_MISSPELT = [
  'api_key',
  'password',
  'client_secret',
  'secret_key',
  'access_token',
  'auth_token',
  'master_key',
]

/** Whether the value under a name, or under a slip of it, is to be kept from view. */
export function isSecretName(name: string): boolean {
  if (PER_TOKEN.test(name)) return false
  return SECRET_NAME.test(name) || nearest(name, OFTEN_MISSPELT) !== undefined
}

/** A copy of a configuration that may be shown: references stay, secrets and the credentials in URLs are masked. */
export function redact(tree: Tree): JsonObject {
  return redactMap(tree, false)
}

function redactMap(tree: Tree, allSecret: boolean): JsonObject {
  return Object.fromEntries(
    Object.entries(tree).map(([name, value]) => {
      const secret = allSecret || isSecretName(name)
      return [name, redactValue(value, secret || SECRET_MAP.test(name), secret)]
    }),
  )
}

function redactValue(value: Value, within: boolean, secret: boolean): Value {
  if (Array.isArray(value)) return value.map(item => redactValue(item, within, secret))
  if (isTree(value)) return redactMap(value, within) as Tree
  if (variableOf(value) !== undefined || value === null || typeof value === 'boolean') return value
  if (secret) return MASK
  return typeof value === 'string' ? withoutUserInfo(value) : value
}

/** `redis://user:word@host?password=word` shows its host only. A database's password may hold anything. */
function withoutUserInfo(text: string): string {
  const database = /^((?:postgres|postgresql|mysql|redis|rediss|mongodb)[a-z0-9+.-]*:\/\/)(?:.*@)?([^?]*)/is.exec(text)
  if (database) return `${database[1]}${text.includes('@') ? `${MASK}@` : ''}${database[2]}`
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/\s]*@/i, `$1${MASK}@`)
}
