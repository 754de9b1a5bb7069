import { Failure } from '../../core/failure.ts'
import type { Secret } from '../../core/secret.ts'

/** SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html): serialization failure, deadlock. */
const REPEATABLE: ReadonlySet<string> = new Set(['40001', '40P01'])

/** Classes and codes of SQLSTATE, and codes of the system, with what to do. The first that fits. */
const EXPLANATIONS: readonly (readonly [prefix: string, code: string, what: string])[] = [
  ['28P01', 'store_refused_password', 'refused the password: look at the user and password of the store URL'],
  ['28', 'store_refused_user', 'refused the user: look at the store URL and at pg_hba.conf'],
  ['3D', 'store_no_database', 'has no such database: create it, or correct its name in the store URL'],
  ['42501', 'store_forbidden', 'forbids it: grant this user the tables of tollgate and the right to create them'],
  ['53300', 'store_too_many_connections', 'has no connection left: lower the pool size, or raise max_connections'],
  ['53', 'store_full', 'has run out of disk or memory'],
  ['55P03', 'store_busy', 'has locked what is needed for somebody else for too long'],
  ['57014', 'store_timed_out', 'took longer than the statement timeout'],
  ['57P', 'store_stopped', 'is stopping or starting'],
  ['25006', 'store_read_only', 'is read-only: point the store URL at the primary server'],
  ['08', 'store_unreachable', 'broke the connection off'],
  ['ECONNREFUSED', 'store_unreachable', 'refused the connection: is it running, and are host and port right?'],
  ['ENOTFOUND', 'store_unreachable', 'has a host name that nobody knows: look at the store URL'],
  ['EAI_AGAIN', 'store_unreachable', 'has a host name that could not be looked up'],
  ['E', 'store_unreachable', 'could not be reached, or broke the connection off'],
]

/** Whether the transaction was broken off for the sake of another, and may simply be begun again. */
export function isRepeatable(error: unknown): boolean {
  const cause = error instanceof Failure ? error.cause : error
  return REPEATABLE.has(codeOf(cause) ?? '')
}

/** Whether a connection cannot be used after this error. PostgreSQL's own refusals leave it sound. */
export function breaksConnection(error: unknown): boolean {
  const code = codeOf(error)
  return code === undefined || !/^[0-9A-Z]{5}$/.test(code) || code.startsWith('57P') || code.startsWith('08')
}

/** What an error of PostgreSQL means for who runs tollgate. It never has the password. */
export function postgresFailure(error: unknown, place: string, url: Secret): Failure {
  if (error instanceof Failure) return error
  const message = withoutPassword(error instanceof Error ? error.message : String(error), url)
  const code = codeOf(error) ?? ''
  const known = EXPLANATIONS.find(([prefix]) => code.startsWith(prefix))
  if (known) {
    const [, name, what] = known
    return new Failure('unavailable', `The store ${place} ${what} (${message})`, { cause: error, code: name })
  }
  if (code === '' || /timeout|terminated|connection/i.test(message))
    return new Failure('unavailable', `The store ${place} could not be reached in time: ${message}`, {
      cause: error,
      code: 'store_unreachable',
    })
  const name = code.startsWith('23') ? 'store_constraint' : 'store_failed'
  return new Failure('internal', `The store ${place}: ${message}`, { cause: error, code: name })
}

function withoutPassword(message: string, url: Secret): string {
  try {
    const { password } = new URL(url.reveal())
    const plain = decodeURIComponent(password)
    return [url.reveal(), password, plain].reduce((text, part) => (part ? text.replaceAll(part, '***') : text), message)
  } catch {
    return url.redact(message)
  }
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  if ('code' in error && typeof error.code === 'string') return error.code
  // Several addresses were tried, and none answered.
  return error instanceof AggregateError ? codeOf(error.errors[0]) : undefined
}
