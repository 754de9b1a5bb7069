import type { IncomingMessage } from 'node:http'
import type { FastifyRequest, onRequestHookHandler } from 'fastify'
import type { Caller } from '../core/caller.ts'
import { Failure } from '../core/failure.ts'
import { allowHosts } from './allowed-hosts.ts'
import type { Authenticate } from './authenticate.ts'
import { refuseTwoKeys } from './broken-requests.ts'

/** Judges a caller by the route that matched. @throws Failure `forbidden` */
export type Authorise = (caller: Caller) => void

/** Lets a request in, before its body is read, and says whose it is; undefined: nobody's in particular. @throws Failure */
export type Door = (request: IncomingMessage) => Caller | undefined | Promise<Caller | undefined>

/** Who is let in at which route, decided before the body is read: a stranger's megabytes are not taken in. */
export interface Admission {
  /** The door of one route. */
  door(authenticate: Authenticate, authorise?: Authorise): Door
  /** The same as a hook. */
  guard(authenticate: Authenticate, authorise?: Authorise): onRequestHookHandler
  /** Who was let in by the hook with this request; undefined: nobody in particular. */
  callerOf(request: FastifyRequest): Caller | undefined
}

export function admission(allowedHosts: readonly string[]): Admission {
  const checkHost = allowHosts(allowedHosts)
  const callers = new WeakMap<FastifyRequest, Caller>()
  const doorOf: Admission['door'] = (authenticate, authorise) => {
    const allowed = (caller: Caller | undefined) => {
      if (caller) authorise?.(caller)
      return caller
    }
    return request => {
      checkHost(request.headers.host)
      refuseTwoKeys(request)
      const caller = authenticate(request.headers)
      return caller instanceof Promise ? caller.then(allowed) : allowed(caller)
    }
  }
  return {
    door: doorOf,
    guard(authenticate, authorise) {
      const door = doorOf(authenticate, authorise)
      return (request, _reply, done) => {
        const enter = (caller: Caller | undefined) => {
          if (caller) callers.set(request, caller)
          done()
        }
        const refuse = (error: unknown) => done(Failure.from(error))
        try {
          const caller = door(request.raw)
          if (caller instanceof Promise) caller.then(enter).catch(refuse)
          else enter(caller)
        } catch (error) {
          refuse(error)
        }
      }
    },
    callerOf: request => callers.get(request),
  }
}
