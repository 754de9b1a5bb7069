import { Failure } from '../core/failure.ts'
import { isStorable, UNSTORABLE_SAID } from '../core/storable.ts'
import { notAllowed, shown } from './errors.ts'
import type { Issue, Operation, OperationContext } from './operation.ts'

/** Runs an operation on what somebody sent: the one way to it, for the gateway and for the command line. */
export async function perform<Output>(
  operation: Operation<unknown, Output>,
  context: OperationContext,
  sent: unknown,
): Promise<Output> {
  allowRole(operation, context.caller)
  return operation.run(context, read(operation, sent))
}

/** @throws Failure `forbidden` when the caller's role may not call the operation at all. */
export function allowRole({ name, roles }: Operation, { role }: OperationContext['caller']): void {
  if (!roles.includes(role))
    throw notAllowed(`${name} needs one of the roles ${roles.join(', ')}; this key has ${role}`)
}

function read(operation: Operation, sent: unknown): unknown {
  const unfit = unfitIn(sent, [])
  if (unfit) throw invalid([unfit])
  const result = operation.input.safeParse(sent)
  if (result.success) return result.data
  throw invalid(result.error.issues)
}

/** A text or a name that no store keeps, or that no object should have, anywhere. Bodies nest 64 levels at most. */
function unfitIn(sent: unknown, path: readonly string[]): Issue | undefined {
  if (typeof sent === 'string') return isStorable(sent) ? undefined : { path, message: UNSTORABLE_SAID }
  if (typeof sent !== 'object' || sent === null) return undefined
  // An own `__proto__` survives JSON.parse; schemas pass it over in silence, or copy it.
  if (Object.hasOwn(sent, '__proto__')) return { code: 'unrecognized_keys', keys: ['__proto__'], path, message: '' }
  for (const [name, member] of Object.entries(sent)) {
    const found = isStorable(name) ? unfitIn(member, [...path, name]) : { path, message: UNSTORABLE_SAID }
    if (found) return found
  }
  return undefined
}

/** Names what is wrong, never the value: it may be a secret. */
function invalid(issues: readonly Issue[]): Failure {
  const told = issues.slice(0, 5).map(said)
  const more = issues.length > told.length ? `; and ${issues.length - told.length} more` : ''
  return new Failure('invalid_request', told.join('; ') + more, {
    code: 'validation_error',
    param: issues[0] && paramOf(issues[0]),
  })
}

function said(issue: Issue): string {
  const where = issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys') {
    const names = (issue.keys ?? []).slice(0, 10).map(name => `'${shown([...issue.path, name].join('.'))}'`)
    return `unknown field ${names.join(', ')}`
  }
  return where === '' ? issue.message : `'${shown(where)}': ${shown(issue.message)}`
}

function paramOf({ path, keys }: Issue): string | undefined {
  const names = [...path.map(String), ...(keys?.slice(0, 1) ?? [])]
  return names.length > 0 ? shown(names.join('.')) : undefined
}
