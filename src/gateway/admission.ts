import type { FastifyRequest, onRequestHookHandler } from 'fastify'
import type { Caller } from '../core/caller.ts'
import { Failure } from '../core/failure.ts'
import { allowHosts } from './allowed-hosts.ts'
import type { Authenticate } from './authenticate.ts'
import { refuseTwoKeys } from './broken-requests.ts'

/** Judges a caller by the route that matched. @throws Failure `forbidden` */
export type Authorise = (caller: Caller) => void

/** Who is let in at which route, decided before the body is read: a stranger's megabytes are not taken in. */
export interface Admission {
  /** The hook of one route. */
  guard(authenticate: Authenticate, authorise?: Authorise): onRequestHookHandler
  /** Who was let in with this request; undefined: nobody in particular. */
  callerOf(request: FastifyRequest): Caller | undefined
}

export function admission(allowedHosts: readonly string[]): Admission {
  const checkHost = allowHosts(allowedHosts)
  const callers = new WeakMap<FastifyRequest, Caller>()
  return {
    guard: (authenticate, authorise) => (request, _reply, done) => {
      const enter = (caller: Caller | undefined) => {
        if (caller) {
          authorise?.(caller)
          callers.set(request, caller)
        }
        done()
      }
      const refuse = (error: unknown) => done(Failure.from(error))
      try {
        checkHost(request.headers.host)
        refuseTwoKeys(request.raw)
        const caller = authenticate(request.headers)
        // A caller that is known is not waited for: a turn of the event loop per call costs more than looking it up.
        if (caller instanceof Promise) caller.then(enter).catch(refuse)
        else enter(caller)
      } catch (error) {
        refuse(error)
      }
    },
    callerOf: request => callers.get(request),
  }
}
